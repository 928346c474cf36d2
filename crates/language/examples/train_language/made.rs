//! Text made by rule for what there is no text of, or too little of the right kind.
//!
//! Serbian in Latin script is Serbian in Cyrillic, letter by letter. Northern Ndebele is close to Zulu, and written
//! Cantonese to written Chinese; the rules here change what tells them apart. Hmong is put together from its commonest
//! words and from syllables, of which its spelling allows few.

use crate::rng::Rng;

/// Serbian is written in two scripts that map onto each other letter by letter.
pub(crate) fn serbian_latin(text: &str) -> String {
    const CYRILLIC: &str = "абвгдђежзијклљмнњопрстћуфхцчџш";
    const LATIN: [&str; 30] = [
        "a", "b", "v", "g", "d", "đ", "e", "ž", "z", "i", "j", "k", "l", "lj", "m", "n", "nj", "o", "p", "r",
        "s", "t", "ć", "u", "f", "h", "c", "č", "dž", "š",
    ];
    let mut latin = String::with_capacity(text.len());
    for c in text.chars() {
        let lower = c.to_lowercase().next().unwrap_or(c);
        match CYRILLIC.chars().position(|letter| letter == lower) {
            Some(place) if c == lower => latin.push_str(LATIN[place]),
            Some(place) => {
                let mut letters = LATIN[place].chars();
                latin.extend(letters.next().into_iter().flat_map(char::to_uppercase));
                latin.push_str(letters.as_str());
            }
            None => latin.push(c),
        }
    }
    latin
}

/// What a Zulu word is in Northern Ndebele, where it is another.
const NDEBELE: [(&str, &str); 40] = [
    ("uma", "nxa"),
    ("noma", "kumbe"),
    ("nokho", "kodwa"),
    ("futhi", "njalo"),
    ("manje", "khathesi"),
    ("namuhla", "lamuhla"),
    ("unyaka", "umnyaka"),
    ("ngonyaka", "ngomnyaka"),
    ("igama", "ibizo"),
    ("amagama", "amabizo"),
    ("usuku", "ilanga"),
    ("ngosuku", "ngelanga"),
    ("uhulumeni", "uhulumende"),
    ("hulumeni", "hulumende"),
    ("ukusiza", "ukuncedisa"),
    ("izwe", "ilizwe"),
    ("ezweni", "elizweni"),
    ("lezwe", "lelizwe"),
    ("incwadi", "ugwalo"),
    ("izincwadi", "ingwalo"),
    ("isikole", "isikolo"),
    ("amaphoyisa", "amapholisa"),
    ("iphoyisa", "ipholisa"),
    ("umholi", "umkhokheli"),
    ("abaholi", "abakhokheli"),
    ("kufanele", "kumele"),
    ("fanele", "kumele"),
    ("ngemuva", "ngemva"),
    ("iningi", "inengi"),
    ("abaningi", "abanengi"),
    ("eziningi", "ezinengi"),
    ("amaningi", "amanengi"),
    ("okuningi", "okunengi"),
    ("izingane", "abantwana"),
    ("ingane", "umntwana"),
    ("imoto", "imota"),
    ("idolobha", "idolobho"),
    ("isonto", "iviki"),
    ("ukubonisa", "ukutshengisa"),
    ("umengameli", "umongameli"),
];

/// Zulu made into Northern Ndebele: `l` for `n` in "and" and "have", `tsh` for `sh`, `-za-` for `-zo-` in the future,
/// `-yo` at the end of relatives, and its own words for the commonest.
pub(crate) fn ndebele(zulu: &str, rng: &mut Rng) -> String {
    let words: Vec<String> = zulu.split(' ').map(|word| ndebele_word(word, rng)).collect();
    words.join(" ")
}

fn ndebele_word(word: &str, rng: &mut Rng) -> String {
    const SUBJECTS: [&str; 11] = ["u", "ba", "ku", "si", "i", "li", "a", "zi", "ngi", "lu", "bu"];
    let bare = word.trim_end_matches(|c: char| !c.is_alphabetic());
    let rest = &word[bare.len()..];
    let lower = bare.to_lowercase();
    let capital = bare.starts_with(char::is_uppercase);
    let mut new = match NDEBELE.iter().find(|(zulu, _)| *zulu == lower) {
        Some((_, ndebele)) => (*ndebele).to_owned(),
        None => lower.clone(),
    };
    if new == lower {
        let vowel = |at: usize| matches!(new.as_bytes().get(at), Some(b'a' | b'e' | b'o'));
        if new.len() > 3 && new.starts_with('n') && vowel(1) {
            new.replace_range(..1, "l");
        } else if new.len() > 4
            && new.starts_with(['a', 'e', 'o', 'u'])
            && new[1..].starts_with('n')
            && vowel(2)
        {
            new.replace_range(1..2, "l");
        } else if new.starts_with("kune") || new.starts_with("kuna") {
            new.replace_range(2..3, "l");
        } else if let Some(subject) = SUBJECTS.iter().find(|subject| {
            new.strip_prefix(**subject)
                .is_some_and(|after| after.starts_with("zo") && after.len() > 4)
        }) {
            new.replace_range(subject.len()..subject.len() + 2, "za");
        }
        if rng.chance(0.8) {
            new = new.replace("sh", "tsh").replace("ttsh", "tsh");
        }
        if new.starts_with("izin") && rng.chance(0.5) {
            new.replace_range(..4, "in");
        }
        if new.starts_with(['a', 'e', 'o']) && new.len() > 6 && new.ends_with("ile") && rng.chance(0.5) {
            new.push_str("yo");
        }
    }
    if new == lower {
        return word.to_owned();
    }
    let mut letters = new.chars();
    let first = letters.next().into_iter();
    let first: String = if capital {
        first.flat_map(char::to_uppercase).collect()
    } else {
        first.collect()
    };
    first + letters.as_str() + rest
}

/// What stands for what in Cantonese, the longer before the shorter.
const CANTONESE: [(&str, &[&str]); 41] = [
    ("沒有", &["冇"]),
    ("没有", &["冇"]),
    ("什麼", &["乜嘢", "咩"]),
    ("什么", &["乜嘢", "咩"]),
    ("現在", &["而家"]),
    ("现在", &["而家"]),
    ("昨天", &["尋日", "琴日"]),
    ("今天", &["今日"]),
    ("明天", &["聽日"]),
    ("東西", &["嘢"]),
    ("哪裡", &["邊度"]),
    ("這裡", &["呢度"]),
    ("那裡", &["嗰度"]),
    ("這樣", &["噉樣", "咁"]),
    ("以及", &["同埋"]),
    ("一起", &["一齊"]),
    ("的", &["嘅", "嘅", "嘅", "嘅", "嗰"]),
    ("了", &["咗", "咗", "咗", "喇"]),
    ("在", &["喺"]),
    ("不", &["唔"]),
    ("他", &["佢"]),
    ("她", &["佢"]),
    ("它", &["佢"]),
    ("們", &["哋"]),
    ("们", &["哋"]),
    ("是", &["係"]),
    ("這", &["呢"]),
    ("这", &["呢"]),
    ("那", &["嗰"]),
    ("和", &["同"]),
    ("给", &["俾"]),
    ("給", &["俾", "畀"]),
    ("被", &["俾", "畀"]),
    ("看", &["睇"]),
    ("些", &["啲"]),
    ("來", &["嚟"]),
    ("来", &["嚟"]),
    ("吃", &["食"]),
    ("還", &["仲"]),
    ("找", &["搵"]),
    ("誰", &["邊個"]),
];

/// Written Chinese with the words of Cantonese, most of them, as people write it; nothing where none stood in it.
pub(crate) fn cantonese(chinese: &str, rng: &mut Rng) -> Option<String> {
    // Some writers change nearly all of them, some a few.
    let share = 0.45 + 0.5 * rng.below(100) as f64 / 100.0;
    let mut made = String::with_capacity(chinese.len());
    let mut changes = 0;
    let mut rest = chinese;
    while let Some(c) = rest.chars().next() {
        let rule = CANTONESE.iter().find(|(from, _)| rest.starts_with(from));
        match rule {
            Some((from, to)) if rng.chance(share) => {
                made.push_str(rng.pick::<&str>(to));
                rest = &rest[from.len()..];
                changes += 1;
            }
            _ => {
                made.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    (changes > 0).then_some(made)
}

/// The commonest words of White Hmong, the commoner the earlier.
const HMONG: &str = "tus yog muaj tsis thiab nyob rau hauv ntawm tau tias uas lub cov kev los mus lawv nws peb koj kuv ib ua hais \
    neeg txog yuav hnub xyoo tsev thaum tej ntau tab sis vim li cas no ntawd qhov chaw teb chaws zoo ntxiv kom nrog puas dab tsi leej \
    twg tag nrho txhua lwm ntawv pab haiv zaj hmoob paub pom xav tuaj haum tuag raug tsim sib tham qhia hu npe tom qab ua ntej sab \
    loj me tshiab nom tswv xov xwm kws tub ntxhais niam txiv menyuam poj niam txiv neej tub rog nyiaj txiag hauj lwm kawm ntawv kho \
    mob tsheb dej av ntuj zos nroog thoob ntiaj teb cai lij choj ncaj ncees txoj kab ke phau ntawv pej xeem koom haum tseem fwv \
    ceev xwm ntxov hmo tav su lub hlis xyoos thawj ob plaub tsib rau xya yim cuaj kaum pua txhiab vam meej ntseeg nco txog";

/// Sentences of `count` rows in Hmong, with a name here and there.
pub(crate) fn hmong(count: usize, names: &[&str]) -> Vec<String> {
    const INITIALS: [&str; 44] = [
        "", "c", "ch", "d", "dh", "f", "h", "hl", "hm", "hn", "k", "kh", "l", "m", "ml", "n", "nc", "nch",
        "nk", "np", "nph", "npl", "nr", "nt", "nth", "nts", "ntx", "ntsh", "ny", "p", "ph", "pl", "plh", "q",
        "qh", "r", "s", "t", "th", "tx", "txh", "ts", "tsh", "xy",
    ];
    const VOWELS: [&str; 13] = [
        "a", "ai", "au", "aw", "e", "ee", "i", "ia", "o", "oo", "u", "ua", "w",
    ];
    const TONES: [&str; 8] = ["b", "m", "j", "v", "", "s", "g", "d"];
    let words: Vec<&str> = HMONG.split_whitespace().collect();
    let mut rng = Rng(17);
    (0..count)
        .map(|_| {
            let length = rng.between(3, 24);
            let mut sentence: Vec<String> = Vec::with_capacity(length);
            for _ in 0..length {
                let word = match rng.below(20) {
                    0 if !names.is_empty() => (*rng.pick(names)).to_owned(),
                    0..=5 => {
                        let tone = rng.below(TONES.len() + 3) % TONES.len();
                        [*rng.pick(&INITIALS), *rng.pick(&VOWELS), TONES[tone]].concat()
                    }
                    // The commoner words are at the front.
                    _ => {
                        let common = rng.between(1, words.len());
                        (*rng.pick(&words[..common])).to_owned()
                    }
                };
                sentence.push(word);
            }
            sentence.join(" ")
        })
        .collect()
}
