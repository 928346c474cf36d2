//! Words that tell article from furniture: the most frequent words of languages, and the set phrases around articles.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::measure::each_word;

/// Which kinds of set phrases a text holds, a bit each, in the order of the list below.
pub type Phrase = u16;

/// The number of kinds of phrases.
pub const PHRASES: usize = 9;

/// Function words: running text is full of them, and menus, teasers and lists of names are not.
const FREQUENT: &str = "the of and to in a is that for it as was with be by on not he his but at are this have from or had an they \
    which one you were all her she there would their we him been has when who will more no if out so said what its about into than \
    them can only other some could these two may then do first any my now such like our over me even most after also did many \
    der die das und den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird \
    bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde \
    de la le et les des en un du une que est pour qui dans par plus au sur ne se pas ce il sont avec ou son aux d l c qu \
    el los las y del por con una su para al lo como más o pero sus le ha me si sin sobre este ya entre cuando todo esta ser \
    di che e il per non si è da con i dei le una nel alla sono della più anche ha gli ma dal al lo come questo delle \
    do da em um para com não os no na uma dos se mais as por foi ao pelo pela seu sua nos das à \
    het een van ik te dat op niet voor zijn met aan er maar om ook hij bij naar nog uit door over wordt kan \
    och att det som på är av för med den till inte om ett har de så men var från kan \
    og at det en er af på til som med den for de ikke har et var men \
    i w na z do że się nie to jest o jak po od za przez są tak dla co \
    a v se na je že s z do o i to ve jako za po si by pro k \
    в и не на я что с по а как это к но из у за от о для же так все его был мы он она они \
    та що до і й є про у від за як це з на не в \
    ve bir bu da de için ile olarak daha çok olan en gibi ne var ki \
    και το να του η της με που την από για τα στο είναι οι στην \
    în și de la cu a din pe care nu o mai un este se că \
    az és hogy a nem egy is meg ez volt de \
    ja on ei että se oli hän myös kun mutta \
    yang dan di dengan untuk dari ini pada dalam tidak itu adalah akan juga oleh \
    va của là có được trong cho không một các người đã với \
    في من على أن إلى عن التي الذي ما لا هذا كان قد بعد مع هذه بين كل \
    של את על לא הוא כי עם זה גם או היא";

/// Set phrases by kind, small letters, separated by `|`. They are what such lines say everywhere; the model decides what each is worth.
const KINDS: [&str; PHRASES] = [
    // pointing to other articles
    "read more|read also|also read|see also|related|more from|more on|recommended|you may also|you might also|don't miss|up next|read next|\
     most read|most popular|trending|mehr zum thema|lesen sie auch|auch interessant|mehr dazu|weitere artikel|lesen sie|das könnte|lire aussi|\
     à lire|sur le même sujet|lire la suite|voir aussi|lea también|te puede interesar|leer más|ver más|relacionad|leggi anche|leggi tutto|\
     potrebbe interessarti|leia também|leia mais|veja também|saiba mais|lees ook|lees meer|läs också|läs mer|læs også|les også|czytaj także|\
     czytaj też|zobacz też|czytaj więcej|przeczytaj|čtěte také|читайте также|читать далее|смотрите также|по теме|читайте також|ayrıca okuyun|\
     devamını oku|ilgili haber|اقرأ أيضا|相关|延伸阅读|関連記事|baca juga|lue myös|διαβάστε",
    // sharing and following
    "share|facebook|twitter|whatsapp|telegram|linkedin|pinterest|copy link|follow us|teilen|folgen|partager|suivez|compartir|síguenos|condividi|\
     seguici|compartilh|delen|volg ons|del på|udostępnij|поделиться|подписывайтесь|поширити|paylaş|分享|シェア|مشاركة|e-mail|email|print|drucken|imprimer",
    // newsletters, subscriptions and accounts
    "newsletter|subscribe|sign up|sign in|log in|register|free trial|premium|donate|support us|abonnieren|anmelden|registrieren|abonnement|abonnez|\
     inscrivez|s'inscrire|se connecter|suscríb|suscrip|regístrate|iniciar sesión|iscriviti|abbonati|accedi|assine|inscreva|cadastr|abonneer|inloggen|\
     prenumer|abonner|logga in|zapisz się|zaloguj|подпис|войти|підпис|abone ol|giriş|订阅|登录|登録|ログイン|اشترك",
    // comments
    "comment|leave a reply|reply|join the conversation|kommentar|commentaire|comentario|comentar|commenti|comentário|reacties|reageer|komentarz|\
     komentář|коммент|комент|yorum|评论|コメント|تعليق",
    // rights and credits
    "©|copyright|all rights reserved|alle rechte|tous droits|todos los derechos|tutti i diritti|todos os direitos|photo:|photo by|photograph:|image:|\
     image credit|credit:|getty images|shutterstock|foto:|bild:|fotos:|quelle:|source:|imago|picture alliance|crédit|fuente:|fonte:|fot.|фото:|foto ©|\
     ap photo|reuters/|afp/|pexels|unsplash|(ap)",
    // cookies and consent
    "cookie|privacy policy|terms of|datenschutz|impressum|politique de confidentialité|privacidad|privacidade|informativa|gdpr|consent|javascript|browser",
    // dates, bylines and reading times
    "updated|published|posted on|posted by|min read|minute read|minutes read|last modified|written by|veröffentlicht|aktualisiert|publié le|mis à jour|\
     publicado|actualizado|pubblicato|aggiornato|gepubliceerd|opublikowano|обновлено|опубликовано|stand:|uhr|by |von |par |por ",
    // advertising
    "advertisement|advert|sponsored|anzeige|werbung|publicité|publicidad|pubblicità|publicidade|advertentie|reklama|реклама|reklam|ilan|广告|affiliate|commission|buy now|add to cart|shop now",
    // about the author, corrections and contact
    "about the author|is a reporter|is a writer|is a journalist|contributed to this|reporting by|editing by|originally published|this article was|this story was|über den autor|contact us|email the author|follow him|follow her",
];

struct Phrases {
    automaton: Option<AhoCorasick>,
    kinds: Vec<u8>,
}

static PHRASES_OF: LazyLock<Phrases> = LazyLock::new(|| {
    let mut kinds = Vec::new();
    let mut phrases = Vec::new();
    for (kind, list) in KINDS.iter().enumerate() {
        for phrase in list.split('|').map(str::trim_start) {
            phrases.push(phrase);
            kinds.push(kind as u8);
        }
    }
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::DFA))
        .ascii_case_insensitive(true)
        .build(phrases)
        .ok();
    Phrases { automaton, kinds }
});

/// A bit for each hash: a word outside the list meets one of its 2¹⁶ bits rarely.
static FREQUENT_BITS: LazyLock<Box<[u64; 1024]>> = LazyLock::new(|| {
    let mut bits = Box::new([0_u64; 1024]);
    each_word(FREQUENT, |hash, _, _| {
        let (place, bit) = place(hash);
        bits[place] |= bit;
    });
    bits
});

const fn place(hash: u32) -> (usize, u64) {
    let folded = (hash ^ (hash >> 16)) & 0xffff;
    ((folded >> 6) as usize, 1 << (folded & 63))
}

/// Whether a word with this hash is among the most frequent of a language.
pub fn is_frequent(hash: u32) -> bool {
    let (place, bit) = place(hash);
    FREQUENT_BITS[place] & bit != 0
}

/// The kinds of set phrases in the first words of `text`; where they stand amid a paragraph they are its own words.
pub fn phrases(text: &str) -> Phrase {
    const ENDS: usize = 80;
    let phrases = &*PHRASES_OF;
    let Some(automaton) = &phrases.automaton else {
        return 0;
    };
    let mut start = text.len().min(ENDS);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let beginning = &text[..start];
    let small = if beginning.is_ascii() {
        Cow::Borrowed(beginning)
    } else {
        Cow::Owned(beginning.to_lowercase())
    };
    automaton.find_overlapping_iter(&*small).fold(0, |kinds, found| {
        kinds | 1 << phrases.kinds[found.pattern().as_usize()]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_of_several_languages() {
        for (text, kind) in [
            ("Lesen Sie auch: Streit im Parlament", 0),
            ("SHARE ON FACEBOOK", 1),
            ("Подписаться на рассылку", 2),
            ("3 Comments", 3),
            ("Foto: A. Beispiel", 4),
            ("We use cookies", 5),
        ] {
            assert!(phrases(text) & 1 << kind != 0, "{text}");
        }
        assert_eq!(phrases("The ministers met on Monday."), 0);
    }

    #[test]
    fn function_words_are_known() {
        let frequent = |text: &str| {
            let mut known = 0;
            each_word(text, |hash, _, _| known += u32::from(is_frequent(hash)));
            known
        };
        assert_eq!(frequent("The house of the minister"), 3);
        assert_eq!(frequent("он не был"), 3);
        assert_eq!(frequent("Sport Wirtschaft Kultur"), 0);
    }
}
