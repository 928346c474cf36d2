//! The words that dates and sums of money are written with, by language.

/// What a language calls the parts of a date and the steps of large numbers. Words are beginnings, so that endings of cases and
/// plurals go with them; one that ends in a full stop here must be met whole.
pub(crate) struct Terms {
    pub(crate) language: &'static str,
    /// Whether months and days are written with a capital.
    pub(crate) capital: bool,
    pub(crate) months: &'static [&'static str],
    pub(crate) days: &'static [&'static str],
    /// Words between the parts of a date, or between a number and what it counts.
    pub(crate) joints: &'static [&'static str],
    /// Words before a year that stands alone.
    pub(crate) before_years: &'static [&'static str],
    pub(crate) scales: &'static [&'static str],
}

/// The terms of a language, if it has any here.
pub(crate) fn of(language: &str) -> Option<&'static Terms> {
    TERMS.iter().find(|terms| terms.language == language)
}

#[rustfmt::skip] // a word a line makes no list easier to read
const TERMS: [Terms; 12] = [
    Terms {
        language: "en",
        capital: true,
        months: &[
            "january.", "february.", "march.", "april.", "may.", "june.", "july.", "august.", "september.",
            "october.", "november.", "december.", "jan.", "feb.", "mar.", "apr.", "jun.", "jul.", "aug.", "sep.",
            "sept.", "oct.", "nov.", "dec.",
        ],
        days: &[
            "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
        ],
        joints: &["of"],
        before_years: &[
            "in", "since", "until", "till", "by", "from", "to", "between", "and", "during", "of", "early",
            "late", "mid", "around", "before", "after", "year", "summer", "winter", "spring", "autumn",
            "through", "for", "(",
        ],
        scales: &[
            "thousand", "million", "billion", "trillion", "crore", "lakh", "m.", "bn.", "mn.", "tn.",
        ],
    },
    Terms {
        language: "es",
        capital: false,
        months: &[
            "enero.", "febrero.", "marzo.", "abril.", "mayo.", "junio.", "julio.", "agosto.", "septiembre.",
            "setiembre.", "octubre.", "noviembre.", "diciembre.",
        ],
        days: &[
            "lunes.", "martes.", "miércoles.", "jueves.", "viernes.", "sábado", "domingo.",
        ],
        joints: &["de", "del"],
        before_years: &[
            "en", "desde", "hasta", "de", "del", "año", "entre", "y", "a", "durante", "(",
        ],
        scales: &["mil.", "mill", "billon", "billón"],
    },
    Terms {
        language: "pt",
        capital: false,
        months: &[
            "janeiro.", "fevereiro.", "março.", "abril.", "maio.", "junho.", "julho.", "agosto.", "setembro.",
            "outubro.", "novembro.", "dezembro.",
        ],
        days: &[
            "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo.",
        ],
        joints: &["de", "do"],
        before_years: &[
            "em", "desde", "até", "de", "ano", "entre", "e", "a", "durante", "(",
        ],
        scales: &["mil.", "milh", "bilh", "bili", "trilh", "trili"],
    },
    Terms {
        language: "fr",
        capital: false,
        months: &[
            "janvier.", "février.", "mars.", "avril.", "mai.", "juin.", "juillet.", "août.", "septembre.",
            "octobre.", "novembre.", "décembre.",
        ],
        days: &[
            "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
        ],
        joints: &["de", "d'", "d’"],
        before_years: &[
            "en", "depuis", "de", "à", "et", "entre", "année", "dès", "jusqu'en", "(",
        ],
        scales: &["mille.", "million", "milliard", "billion"],
    },
    Terms {
        language: "it",
        capital: false,
        months: &[
            "gennaio.", "febbraio.", "marzo.", "aprile.", "maggio.", "giugno.", "luglio.", "agosto.", "settembre.",
            "ottobre.", "novembre.", "dicembre.",
        ],
        days: &[
            "lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato.", "domenica.",
        ],
        joints: &["di", "del", "d'", "d’"],
        before_years: &["nel", "dal", "del", "al", "fino", "tra", "e", "anno", "("],
        scales: &["mila.", "mille.", "milion", "miliard"],
    },
    Terms {
        language: "de",
        capital: true,
        months: &[
            "januar.", "jänner.", "februar.", "märz.", "april.", "mai.", "juni.", "juli.", "august.", "september.",
            "oktober.", "november.", "dezember.",
        ],
        days: &[
            "montag", "dienstag", "mittwoch.", "donnerstag", "freitag", "samstag", "sonnabend", "sonntag",
        ],
        joints: &["dem", "den"],
        before_years: &[
            "seit", "von", "bis", "im", "jahr", "jahre", "jahres", "zwischen", "und", "ab", "anfang", "ende",
            "mitte", "(",
        ],
        scales: &["tausend.", "mio.", "mrd.", "million", "milliarde", "billion"],
    },
    Terms {
        language: "nl",
        capital: false,
        months: &[
            "januari.", "februari.", "maart.", "april.", "mei.", "juni.", "juli.", "augustus.", "september.",
            "oktober.", "november.", "december.",
        ],
        days: &[
            "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag",
        ],
        joints: &[],
        before_years: &[
            "in", "sinds", "van", "tot", "jaar", "tussen", "en", "vanaf", "begin", "eind", "(",
        ],
        scales: &["duizend.", "miljoen", "miljard"],
    },
    Terms {
        language: "da",
        capital: false,
        months: &[
            "januar.", "februar.", "marts.", "april.", "maj.", "juni.", "juli.", "august.", "september.",
            "oktober.", "november.", "december.",
        ],
        days: &[
            "mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag",
        ],
        joints: &["den"],
        before_years: &["i", "siden", "fra", "til", "år", "året", "mellem", "og", "("],
        scales: &["tusind.", "million", "milliard", "mio.", "mia."],
    },
    Terms {
        language: "sv",
        capital: false,
        months: &[
            "januari.", "februari.", "mars.", "april.", "maj.", "juni.", "juli.", "augusti.", "september.",
            "oktober.", "november.", "december.",
        ],
        days: &[
            "måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag",
        ],
        joints: &["den"],
        before_years: &["sedan", "från", "till", "år", "året", "mellan", "och", "("],
        scales: &["tusen.", "miljon", "miljard"],
    },
    Terms {
        language: "fi",
        capital: false,
        months: &[
            "tammiku", "helmiku", "maalisku", "huhtiku", "toukoku", "kesäku", "heinäku", "eloku", "syysku",
            "lokaku", "marrasku", "jouluku",
        ],
        days: &[
            "maanantai", "tiistai", "keskiviikko", "keskiviikon", "torstai", "perjantai", "lauantai", "sunnuntai",
        ],
        joints: &[],
        before_years: &["vuonna", "vuoden", "vuodesta", "vuoteen", "vuosina", "("],
        scales: &["tuhat", "tuhan", "miljoon", "miljard"],
    },
    Terms {
        language: "ru",
        capital: false,
        months: &[
            "январь.", "января.", "январе.", "февраль.", "февраля.", "феврале.", "март.", "марта.", "марте.",
            "апрель.", "апреля.", "апреле.", "май.", "мая.", "мае.", "июнь.", "июня.", "июне.", "июль.", "июля.",
            "июле.", "август.", "августа.", "августе.", "сентябрь.", "сентября.", "сентябре.", "октябрь.",
            "октября.", "октябре.", "ноябрь.", "ноября.", "ноябре.", "декабрь.", "декабря.", "декабре.",
        ],
        days: &[
            "понедельник", "вторник", "среда.", "среду.", "среды.", "четверг.", "четверга.", "пятниц", "суббот",
            "воскресень",
        ],
        joints: &[],
        before_years: &[],
        scales: &["тыс", "млн.", "млрд.", "трлн.", "миллион", "миллиард", "триллион"],
    },
    Terms {
        language: "uk",
        capital: false,
        months: &[
            "січень.", "січня.", "січні.", "березень.", "березня.", "березні.", "квітень.", "квітня.", "квітні.",
            "травень.", "травня.", "травні.", "червень.", "червня.", "червні.", "липень.", "липня.", "липні.",
            "серпень.", "серпня.", "серпні.", "вересень.", "вересня.", "вересні.", "жовтень.", "жовтня.", "жовтні.",
            "грудень.", "грудня.", "грудні.", "лютий.", "лютого.", "лютому.", "листопад.", "листопада.",
            "листопаді.",
        ],
        days: &[
            "понеділ", "вівтор", "середу.", "четвер.", "четверга.", "п'ятниц", "п’ятниц", "суботу.", "неділю.",
        ],
        joints: &[],
        before_years: &[],
        scales: &["тис", "млн.", "млрд.", "мільйон", "мільярд"],
    },
];

/// What follows a year or a decade in Slavic languages and Chinese, and belongs to it.
#[rustfmt::skip]
pub(crate) const YEARS: [&str; 12] = [
    "год", "года", "году", "годом", "годы", "годов", "года́х", "г", "року", "рік", "році", "років",
];

/// The beginnings of the names of currencies, in all languages; a number goes before them.
#[rustfmt::skip]
pub(crate) const CURRENCIES: [&str; 58] = [
    "dollar", "dólar", "dolar", "dollár", "доллар", "долар", "euro.", "euros.", "eurot.", "euroa.", "euron.",
    "евро.", "євро.", "cent.", "cents.", "pound", "sterling", "libras.", "livres.", "sterline.", "фунт", "yen.",
    "yenes.", "ienes.", "иен", "yuan", "юан", "renminbi", "rupee", "rupia", "roupie", "рупи", "rouble", "ruble",
    "rublo", "rubel", "рубл", "рублей", "hryvnia", "гривн", "гривен", "peso", "reais.", "franc.", "francs.",
    "francos.", "franken", "kronor", "kroner.", "kruunu", "zloty", "dirham", "naira", "shilling", "riyal",
    "pesetas.", "манат", "драм",
];

/// Codes and short forms of currencies, which stand before or after a number.
#[rustfmt::skip]
pub(crate) const CODES: [&str; 33] = [
    "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD", "CNY", "RMB", "INR", "RUB", "UAH", "SEK", "NOK",
    "DKK", "PLN", "TRY", "ZAR", "AED", "SAR", "KES", "NGN", "GHS", "BRL", "MXN", "Rs", "Dh", "Dhs", "Sh",
    "Ksh", "руб", "грн",
];

/// Letters that stand before a sign to say whose currency it is.
#[rustfmt::skip]
pub(crate) const OWNERS: [&str; 14] = [
    "US", "U.S.", "A", "AU", "C", "CA", "Can", "HK", "NT", "NZ", "S", "R", "J", "Z",
];
