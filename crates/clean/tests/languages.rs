//! The same article, written for this test in each language that we serve, with the furniture that its newspapers put around it.

use gristmill_clean::{html, text};

struct Story {
    language: &'static str,
    /// The paragraphs of the article.
    body: [&'static str; 3],
    /// Lines above it, and below it.
    above: &'static [&'static str],
    below: &'static [&'static str],
}

const STORIES: &[Story] = &[
    Story {
        language: "de",
        body: [
            "Der Stadtrat hat am Dienstagabend beschlossen, die alte Hafenbrücke für zwei Jahre zu sperren, weil Fachleute in drei von fünf Bögen Risse gefunden haben.",
            "„Wir wussten seit dem Frühjahr, dass dieser Tag kommt“, sagte die Bürgermeisterin, die sich in beiden Amtszeiten für eine Sanierung eingesetzt hatte.",
            "Die Busse fahren nun den längeren Weg am nördlichen Ufer entlang, und die Fähre, die seit 1988 nicht mehr verkehrt, soll im Sommer zurückkehren.",
        ],
        above: &["Startseite", "Teilen", "Drucken"],
        below: &[
            "Lesen Sie auch",
            "Newsletter abonnieren",
            "Kommentare",
            "Alle Rechte vorbehalten",
        ],
    },
    Story {
        language: "fr",
        body: [
            "Le conseil municipal a décidé mardi soir de fermer le vieux pont du port pendant deux ans, après la découverte de fissures dans trois de ses cinq arches.",
            "« Nous savions depuis le printemps que ce jour viendrait », a déclaré la maire, qui avait plaidé pour des travaux pendant ses deux mandats.",
            "Les bus emprunteront la route plus longue de la rive nord, et le bac, arrêté depuis 1988, doit reprendre son service pendant les mois d’été.",
        ],
        above: &["Accueil", "Partager sur Facebook"],
        below: &[
            "Lire aussi",
            "Inscrivez-vous à notre newsletter",
            "Commentaires",
            "Tous droits réservés",
        ],
    },
    Story {
        language: "es",
        body: [
            "El ayuntamiento decidió el martes por la noche cerrar el viejo puente del puerto durante dos años, tras hallarse grietas en tres de sus cinco arcos.",
            "«Sabíamos desde la primavera que este día llegaría», dijo la alcaldesa, que había defendido las obras en sus dos mandatos.",
            "Los autobuses seguirán el camino más largo por la orilla norte, y el transbordador, parado desde 1988, volverá en los meses de verano.",
        ],
        above: &["Inicio", "Compartir en Facebook"],
        below: &[
            "Te puede interesar",
            "Suscríbete a nuestro boletín",
            "Comentarios",
            "Todos los derechos reservados",
        ],
    },
    Story {
        language: "it",
        body: [
            "Il consiglio comunale ha deciso martedì sera di chiudere per due anni il vecchio ponte del porto, dopo che sono state trovate crepe in tre delle cinque arcate.",
            "«Sapevamo dalla primavera che questo giorno sarebbe arrivato», ha detto la sindaca, che aveva chiesto i lavori in entrambi i suoi mandati.",
            "Gli autobus faranno la strada più lunga lungo la riva nord, e il traghetto, fermo dal 1988, dovrebbe tornare nei mesi estivi.",
        ],
        above: &["Condividi su Facebook"],
        below: &[
            "Leggi anche",
            "Iscriviti alla newsletter",
            "Commenti",
            "Tutti i diritti riservati",
        ],
    },
    Story {
        language: "pt",
        body: [
            "A câmara municipal decidiu na noite de terça-feira fechar a velha ponte do porto por dois anos, depois de terem sido encontradas fissuras em três dos cinco arcos.",
            "«Sabíamos desde a primavera que este dia chegaria», disse a presidente da câmara, que defendera as obras nos seus dois mandatos.",
            "Os autocarros vão seguir o caminho mais longo pela margem norte, e a balsa, parada desde 1988, deve voltar nos meses de verão.",
        ],
        above: &["Compartilhar no Facebook"],
        below: &[
            "Leia também",
            "Assine a nossa newsletter",
            "Comentários",
            "Todos os direitos reservados",
        ],
    },
    Story {
        language: "nl",
        body: [
            "De gemeenteraad heeft dinsdagavond besloten de oude havenbrug twee jaar te sluiten, nadat ingenieurs scheuren hadden gevonden in drie van de vijf bogen.",
            "‘We wisten sinds het voorjaar dat deze dag zou komen’, zei de burgemeester, die in beide ambtstermijnen voor herstel had gepleit.",
            "De bussen nemen de langere weg langs de noordelijke oever, en de veerboot, die sinds 1988 niet meer vaart, komt in de zomermaanden terug.",
        ],
        above: &["Delen op Facebook"],
        below: &[
            "Lees ook",
            "Meld je aan voor de nieuwsbrief",
            "Reacties",
            "Alle rechten voorbehouden",
        ],
    },
    Story {
        language: "ru",
        body: [
            "Городской совет во вторник вечером решил закрыть старый портовый мост на два года, после того как инженеры нашли трещины в трёх из пяти его пролётов.",
            "«Мы с весны знали, что этот день наступит», — сказала мэр города, которая добивалась ремонта в течение обоих своих сроков.",
            "Автобусы пойдут более длинной дорогой по северному берегу, а паром, который не ходит с 1988 года, должен вернуться в летние месяцы.",
        ],
        above: &["Главная", "Поделиться"],
        below: &[
            "Читайте также",
            "Подписывайтесь на нашу рассылку",
            "Комментарии",
            "Все права защищены",
        ],
    },
    Story {
        language: "uk",
        body: [
            "Міська рада у вівторок увечері вирішила закрити старий портовий міст на два роки, після того як інженери знайшли тріщини у трьох із п’яти його арок.",
            "«Ми з весни знали, що цей день настане», — сказала міська голова, яка домагалася ремонту протягом обох своїх термінів.",
            "Автобуси поїдуть довшою дорогою вздовж північного берега, а пором, який не ходить із 1988 року, має повернутися в літні місяці.",
        ],
        above: &["Головна", "Поширити"],
        below: &[
            "Читайте також",
            "Підписуйтесь на нашу розсилку",
            "Коментарі",
            "Усі права захищені",
        ],
    },
    Story {
        language: "pl",
        body: [
            "Rada miasta postanowiła we wtorek wieczorem zamknąć stary most portowy na dwa lata, po tym jak inżynierowie znaleźli pęknięcia w trzech z pięciu przęseł.",
            "„Od wiosny wiedzieliśmy, że ten dzień nadejdzie” – powiedziała burmistrzyni, która zabiegała o remont podczas obu swoich kadencji.",
            "Autobusy pojadą dłuższą drogą wzdłuż północnego brzegu, a prom, który nie kursuje od 1988 roku, ma wrócić w miesiącach letnich.",
        ],
        above: &["Strona główna", "Udostępnij na Facebooku"],
        below: &[
            "Czytaj także",
            "Zapisz się do newslettera",
            "Komentarze",
            "Wszelkie prawa zastrzeżone",
        ],
    },
    Story {
        language: "tr",
        body: [
            "Belediye meclisi salı akşamı eski liman köprüsünü iki yıl süreyle kapatmaya karar verdi, çünkü mühendisler beş kemerin üçünde çatlak buldu.",
            "“Bu günün geleceğini ilkbahardan beri biliyorduk” dedi her iki döneminde de onarım için çaba gösteren belediye başkanı.",
            "Otobüsler kuzey kıyısındaki daha uzun yoldan gidecek ve 1988 yılından beri çalışmayan feribot yaz aylarında geri dönecek.",
        ],
        above: &["Ana Sayfa", "Facebook'ta paylaş"],
        below: &[
            "İlgili haberler",
            "Bültenimize abone olun",
            "Yorumlar",
            "Tüm hakları saklıdır",
        ],
    },
    Story {
        language: "ar",
        body: [
            "قرر المجلس البلدي مساء الثلاثاء إغلاق جسر الميناء القديم لمدة عامين، بعد أن عثر المهندسون على تشققات في ثلاثة من أقواسه الخمسة.",
            "وقالت رئيسة البلدية، التي طالبت بالإصلاح في ولايتيها: «كنا نعرف منذ الربيع أن هذا اليوم سيأتي، ولم نستطع الانتظار أكثر من ذلك».",
            "وستسلك الحافلات الطريق الأطول على طول الضفة الشمالية، ومن المقرر أن تعود العبارة المتوقفة منذ عام 1988 في أشهر الصيف.",
        ],
        above: &["الرئيسية", "مشاركة"],
        below: &[
            "اقرأ أيضا",
            "اشترك في النشرة البريدية",
            "التعليقات",
            "جميع الحقوق محفوظة",
        ],
    },
    Story {
        language: "zh",
        body: [
            "市议会周二晚间决定将老港口大桥关闭两年，此前工程师在五个桥拱中的三个发现了裂缝，重型卡车早已被禁止通行。",
            "市长表示：“我们从春天起就知道这一天会到来。”她在两个任期内都主张进行维修，并多次向地区政府申请资金。",
            "公共汽车将改走北岸较长的路线，而自1988年以来一直停运的渡轮预计将在夏季恢复，商店业主担心生意会受到影响。",
        ],
        above: &["首页", "分享"],
        below: &["相关阅读", "订阅我们的邮件", "评论", "版权所有"],
    },
    Story {
        language: "ja",
        body: [
            "市議会は火曜日の夜、五つのアーチのうち三つにひびが見つかったことを受けて、古い港の橋を二年間閉鎖することを決めた。",
            "市長は「春からこの日が来ることは分かっていた」と述べた。市長は二期にわたって橋の修理を訴え続けてきた。",
            "バスは北岸の遠回りの道を通り、一九八八年から止まっている渡し船は夏の間に復活する見通しだ。商店主は売り上げを心配している。",
        ],
        above: &["ホーム", "シェア"],
        below: &[
            "関連記事",
            "メールマガジンに登録",
            "コメント",
            "無断転載を禁じます",
        ],
    },
];

#[test]
fn furniture_of_scraped_text_goes_in_each_language() {
    for story in STORIES {
        let lines: Vec<&str> = [story.above, &story.body, story.below].concat();
        let article = text::read(&lines.join("\n"), None);
        assert_eq!(article.text, story.body.join("\n\n"), "{}", story.language);
    }
}

#[test]
fn furniture_of_pages_goes_in_each_language() {
    for story in STORIES {
        let list = |lines: &[&str]| -> String {
            let items = lines
                .iter()
                .map(|line| format!("<li><a href='/'>{line}</a></li>"));
            format!("<ul>{}</ul>", items.collect::<String>())
        };
        let body: String = story.body.iter().map(|text| format!("<p>{text}</p>")).collect();
        let page = format!(
            "<html lang='{}'><body><div>{}</div><div><h1>X</h1>{body}</div><div>{}</div></body></html>",
            story.language,
            list(story.above),
            list(story.below)
        );
        let article = html::read(&page, false);
        assert_eq!(article.text, story.body.join("\n\n"), "{}", story.language);
    }
}
