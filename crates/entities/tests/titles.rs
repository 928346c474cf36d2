//! Titles are no part of a name, in any language: who is named in full once is the same person after one.

use gristmill_core::{Entity, EntityType};
use gristmill_entities::Recognizer;

fn entities(language: &str, text: &str) -> Vec<Entity> {
    let found = Recognizer::default().entities(text, Some(language));
    found.into_iter().map(|(entity, _)| entity).collect()
}

/// Whether `text` names a person `name`, mentioned with just these words.
fn check(language: &str, text: &str, name: &str, mentions: &[&str]) {
    let found = entities(language, text);
    let person = found
        .iter()
        .find(|entity| entity.kind == EntityType::Per && entity.name == name)
        .unwrap_or_else(|| panic!("{language}: no {name} in {found:#?}"));
    let words: Vec<&str> = person
        .mentions
        .iter()
        .map(|mention| mention.text.as_str())
        .collect();
    assert_eq!(words, mentions, "{language}: {name}");
}

#[test]
fn a_title_joins_its_name_in_every_language() {
    for (language, text, name, mentions) in [
        (
            "en",
            "The mayor of Altenried, Karl Brenner, resigned on Monday. Mr. Brenner spoke of a hard time.",
            "Karl Brenner",
            &["Karl Brenner", "Brenner"][..],
        ),
        (
            "fr",
            "Antoine Lefèvre a quitté la mairie de Vernay jeudi. « Je n'ai rien à cacher », a dit M. Lefèvre. Le Dr Paul \
             Marchand a soutenu M. Lefèvre.",
            "Antoine Lefèvre",
            &["Antoine Lefèvre", "Lefèvre", "Lefèvre"],
        ),
        (
            "de",
            "Der Bürgermeister von Altenried, Karl Brenner, trat am Montag zurück. Herr Brenner sprach von einer schweren \
             Zeit. Mit Herrn Brenner habe sie lange gesprochen, sagte Prof. Dr. Anna Lindner.",
            "Karl Brenner",
            &["Karl Brenner", "Brenner", "Brenner"],
        ),
        (
            "es",
            "El alcalde de Valdehierro, don Tomás Arroyo, dimitió el lunes. El Sr. Arroyo habló de cansancio. El señor \
             Arroyo no contestó.",
            "Tomás Arroyo",
            &["Tomás Arroyo", "Arroyo", "Arroyo"],
        ),
        (
            "it",
            "Il sindaco si è dimesso. La signora Lucia Bassi prenderà il suo posto. La dott.ssa Bassi ringrazia. La sig.ra \
             Bassi tace.",
            "Lucia Bassi",
            &["Lucia Bassi", "Bassi", "Bassi"],
        ),
        (
            "pt",
            "O presidente da Câmara de Vale Fundo, Tomás Arruda, demitiu-se na segunda-feira. A Dra. Helena Prado ocupará o \
             lugar. O senhor Arruda não respondeu. Dona Helena agradeceu. A Sra. Prado viajou para Lisboa.",
            "Helena Prado",
            &["Helena Prado", "Dona Helena", "Prado"],
        ),
        (
            "nl",
            "Burgemeester Jan van der Berg van Oudewater trad maandag af. Mevrouw Anna de Wit volgt hem op. Mevrouw De Wit \
             kent de stad. Mevr. De Wit bedankte iedereen.",
            "Anna de Wit",
            &["Anna de Wit", "De Wit", "De Wit"],
        ),
        (
            "da",
            "Borgmesteren gik af mandag. Fru Anna Lindby overtager posten. Hun takkede, og fru Lindby kender byen.",
            "Anna Lindby",
            &["Anna Lindby", "Lindby"],
        ),
        (
            "sv",
            "Kommunalrådet avgick i måndags. Fru Anna Lindberg tar över. Alla vet att fru Lindberg känner staden.",
            "Anna Lindberg",
            &["Anna Lindberg", "Lindberg"],
        ),
        (
            "fi",
            "Rouva Anna Lehto seuraa häntä. Rouva Lehto tuntee kaupungin. Neuvosto kiitti, ja rouva Lehto vastasi.",
            "Anna Lehto",
            &["Anna Lehto", "Lehto", "Lehto"],
        ),
        (
            "ru",
            "Мэр Верхнегорска Антон Лебедев ушёл в отставку. Господин Лебедев сослался на здоровье. С господином Лебедевым \
             она говорила в Москве.",
            "Антон Лебедев",
            &["Антон Лебедев", "Лебедев", "Лебедевым"],
        ),
        (
            "uk",
            "Мер Верхньогірська пішов у відставку. Пані Ірина Соколенко займе його місце. За словами пані Соколенко, місто \
             чекають зміни.",
            "Ірина Соколенко",
            &["Ірина Соколенко", "Соколенко"],
        ),
        (
            "hy",
            "Քաղաքապետ Արամ Սարգսյանը հրաժարական տվեց երկուշաբթի։ Պարոն Սարգսյանը խոսեց հոգնածության մասին։ Պրն Սարգսյանը \
             լռեց։",
            "Արամ Սարգսյանը",
            &["Արամ Սարգսյանը", "Սարգսյանը", "Սարգսյանը"],
        ),
        (
            "zh",
            "市长王立明周一辞职。王立明先生说他累了。李红女士将接任。王先生没有回答。",
            "王立明",
            &["王立明", "王立明", "王"],
        ),
    ] {
        check(language, text, name, mentions);
    }
}

#[test]
fn a_title_makes_a_person() {
    // Each was taken for a body or a place, or overlooked.
    check(
        "fi",
        "Neiti Lehto tapasi tohtori Niemen Helsingissä.",
        "Niemen",
        &["Niemen"],
    );
    check("sv", "Hon talade med dr Ek i Stockholm.", "Ek", &["Ek"]);
    check("pt", "A Sra. Prado viajou para Lisboa.", "Prado", &["Prado"]);
}

#[test]
fn don_is_in_the_mention_and_not_in_the_name() {
    check(
        "es",
        "El alcalde dimitió. D. Tomás Arroyo calló.",
        "Tomás Arroyo",
        &["D. Tomás Arroyo"],
    );
}

#[test]
fn a_title_of_one_sex_tells_two_people_of_a_surname_apart() {
    let text = "Mme Claire Dubreuil dirige la mairie de Vernay depuis 2014. Son frère, Paul Dubreuil, vit à Lyon. Mme \
                Dubreuil a promis un budget plus sobre. M. Dubreuil a quitté Paris.";
    check("fr", text, "Claire Dubreuil", &["Claire Dubreuil", "Dubreuil"]);
    check("fr", text, "Paul Dubreuil", &["Paul Dubreuil", "Dubreuil"]);
}

#[test]
fn capitals_that_spell_a_title_stay_a_body() {
    let found = entities("da", "Hun siger, at DR må lære af sagen, og at DR ikke svarede.");
    assert!(
        found
            .iter()
            .any(|entity| entity.name == "DR" && entity.kind == EntityType::Org),
        "{found:#?}"
    );
}

#[test]
fn a_stop_ends_a_sentence_in_a_script_without_capitals() {
    let found = entities(
        "ar",
        "استقال رئيس البلدية كريم الحداد يوم الاثنين. وتتولى السيدة ليلى منصور المنصب. وقال إن الحداد سافر إلى القاهرة.",
    );
    assert!(found.iter().any(|entity| entity.name == "القاهرة"), "{found:#?}");
    let stop = |entity: &Entity| entity.mentions.iter().any(|mention| mention.text.contains('.'));
    assert!(!found.iter().any(stop), "{found:#?}");
}
