//! Words by which Indonesian and Malay differ, side by side.
//!
//! The texts to learn from are few, and hold few of the words that a reader of both would look for; and half of what
//! one source has for Malay is in Indonesian. So rows of such words stand beside the texts of each, and a text of that
//! source serves where its words say that it is in Malay.

use std::collections::BTreeSet;

use crate::rng::Rng;

/// Indonesian, then Malay, a line a meaning; `/` between words of one language.
const WORDS: &str = "\
karena/oleh karena|kerana/oleh kerana
bahwa|bahawa
berbeda/perbedaan|berbeza/perbezaan
uang/keuangan|wang/kewangan
polisi/kepolisian|polis
mobil/sepeda motor|motosikal
rumah sakit|hospital
universitas/mahasiswa|universiti/pelajar
kantor/perkantoran|pejabat
Senin|Isnin
Kamis/Jumat|Khamis/Jumaat/Ahad
Maret|Mac
Juni/Juli/Agustus|Jun/Julai/Ogos
Desember|Disember
mengatakan/ucap|berkata
mencoba/coba|cuba/mencuba
mau|mahu/hendak
kemarin/besok/sore|semalam/esok/petang
siang|tengah hari
pemerintah|kerajaan
wakil presiden|naib presiden
partai|parti
pemilu/pemilihan umum|pilihan raya
pengadilan/jaksa|mahkamah/pendakwa raya
tersangka/terdakwa|suspek/tertuduh
dipenjara|dipenjarakan
kesehatan/sehat|kesihatan/sihat
dokter/perawat|doktor/jururawat
obat|ubat
pasien|pesakit
bioskop|pawagam/filem
musik|muzik
sepak bola|bola sepak/perlawanan
pelatih/tim|jurulatih
wasit|pengadil
kejuaraan|kejohanan
bandara|lapangan terbang
stasiun|stesen
tol|lebuh raya
perusahaan/bisnis|syarikat/perniagaan
karyawan|kakitangan
pajak/biaya|cukai/kos
persen|peratus
miliar|bilion
triliun|trilion
telepon|telefon
televisi/koran|televisyen/akhbar
situs/tautan|laman/pautan
unduh/mengunduh/unggah|muat turun/muat naik
akun/kata sandi|akaun/kata laluan
listrik/energi|elektrik
bensin|petrol
kecelakaan/korban|kemalangan/mangsa
tewas|maut/meninggal dunia
terluka|tercedera
pemadam kebakaran|bomba
tentara/militer|tentera/ketenteraan
Inggris/Prancis|Perancis
Amerika Serikat|Amerika Syarikat
Tiongkok/Jepang|Jepun
Suriah/Irak|Syria/Iraq
Italia/Spanyol|Itali/Sepanyol
Uni Eropa/Eropa|Kesatuan Eropah/Eropah
provinsi/kabupaten|bandar
ibu kota/warga|ibu negara
warga negara|warganegara
laki-laki/pria|lelaki
anak-anak|kanak-kanak
istri|isteri
orang tua|ibu bapa
teman|rakan
pertanyaan/jawaban|soalan/jawapan
solusi|penyelesaian
rencana/rencananya|rancangan/perancangan
aktivitas|aktiviti
kualitas/identitas/universitas|kualiti/identiti/universiti
informasi|maklumat
produksi/konstruksi|pembinaan
sukses|kejayaan
internasional|antarabangsa/kebangsaan
politikus|ahli politik
misalnya|contohnya
sesudah|selepas
sedangkan|manakala
butuh/membutuhkan/kebutuhan|keperluan
dimulai|bermula
apartemen/gedung|pangsapuri
celana/sepatu|seluar/kasut
sepeda/truk|basikal/lori
wawancara/jumpa pers|temu bual/sidang media
juru bicara|jurucakap
manajer/direktur|pengurus/pengarah
kelompok/grup|kumpulan
bis/taksi|bas/teksi
es/salju|ais/salji
zona/area|zon";

/// The words of one side.
fn words(side: usize) -> impl Iterator<Item = Vec<&'static str>> {
    let of = move |line: &'static str| line.split('|').nth(side);
    WORDS
        .lines()
        .filter_map(of)
        .map(|words| words.split('/').collect())
}

/// Rows of words of each of the two, `count` for each.
pub(crate) fn rows(count: usize) -> Vec<(&'static str, String)> {
    let mut rng = Rng(29);
    let mut rows = Vec::new();
    for (side, language) in ["id", "ms"].into_iter().enumerate() {
        let meanings: Vec<Vec<&str>> = words(side).collect();
        for _ in 0..count {
            let mut row: Vec<&str> = Vec::new();
            for _ in 0..rng.between(2, 9) {
                let words = rng.pick(&meanings);
                row.push(rng.pick::<&str>(words));
            }
            rows.push((language, row.join(" ")));
        }
    }
    rows
}

/// Tells Malay from Indonesian by the words that one of them has alone.
pub(crate) struct Sides {
    indonesian: BTreeSet<&'static str>,
    malay: BTreeSet<&'static str>,
}

impl Sides {
    pub(crate) fn new() -> Self {
        Self {
            indonesian: words(0).flatten().collect(),
            malay: words(1).flatten().collect(),
        }
    }

    /// Whether `text` has words that are Malay alone, and none that is Indonesian alone.
    pub(crate) fn is_malay(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let said: BTreeSet<&str> = lower.split(|c: char| !c.is_alphabetic()).collect();
        let has = |words: &BTreeSet<&'static str>| said.iter().any(|word| words.contains(word));
        has(&self.malay) && !has(&self.indonesian)
    }
}
