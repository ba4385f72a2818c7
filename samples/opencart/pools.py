"""What the sample shop is made of: invented people, real places, a drapery's goods."""

FIRST = (
    "Ahmet Ali Ayşe Aslı Barış Berk Burcu Can Cem Ceyda Çağla Çetin Defne Deniz Derya Ebru Ece Elif Emine Emre Engin "
    "Erdem Fatma Figen Gizem Gökhan Gül Gülşen Hakan Hatice Hülya Ilgın Işık Işıl İbrahim İlker İpek İrem İsmail Kaan "
    "Kerem Leyla Mehmet Melis Merve Murat Nazlı Nilüfer Nur Oğuz Onur Ömer Özge Özlem Pınar Selin Serkan Sevgi Sıla "
    "Şebnem Şule Tolga Tuğba Umut Ümit Volkan Yağmur Yasin Yıldız Zeynep"
)
FIRST_NAMES = FIRST.split()

LAST = (
    "Acar Akın Aksoy Arslan Aslan Ateş Avcı Aydın Balcı Bulut Çakır Çelik Çetin Çiftçi Demir Doğan Erdoğan Erol Güler "
    "Güneş Işık Ilgaz İnan İnce Kaplan Kara Kaya Keskin Kılıç Koç Korkmaz Kurt Kuş Öz Özcan Özdemir Öztürk Polat Sarı "
    "Şahin Şen Şimşek Taş Tekin Topçu Tunç Turan Uçar Uysal Ünal Yalçın Yavuz Yıldırım Yılmaz Yiğit Yüksel"
)
LAST_NAMES = LAST.split()

PLACES = (
    ("İstanbul", ("Kadıköy", "Üsküdar", "Beşiktaş", "Şişli", "Bakırköy", "Beyoğlu", "Ümraniye", "Pendik")),
    ("İstanbul", ("Maltepe", "Ataşehir", "Sarıyer", "Fatih", "Beylikdüzü", "Eyüpsultan")),
    ("Ankara", ("Çankaya", "Keçiören", "Yenimahalle", "Etimesgut")),
    ("İzmir", ("Konak", "Karşıyaka", "Bornova", "Çeşme")),
    ("Bursa", ("Nilüfer", "Osmangazi", "Yıldırım", "İnegöl")),
    ("Antalya", ("Muratpaşa", "Konyaaltı", "Alanya")),
    ("Adana", ("Seyhan", "Çukurova")),
    ("Konya", ("Selçuklu", "Meram")),
    ("Gaziantep", ("Şahinbey", "Şehitkamil")),
    ("Kocaeli", ("İzmit", "Gebze")),
    ("Diyarbakır", ("Bağlar", "Kayapınar")),
    ("Eskişehir", ("Odunpazarı", "Tepebaşı")),
    ("Trabzon", ("Ortahisar", "Akçaabat")),
    ("Muğla", ("Bodrum", "Fethiye")),
    ("Iğdır", ("Tuzluca", "Aralık")),
    ("Isparta", ("Eğirdir", "Yalvaç")),
)

OLD_PROVINCES = (
    ("İçel", "Mezitli"),
    ("Afyon", "Sandıklı"),
    ("K.Maraş", "Onikişubat"),
    ("Urfa", "Haliliye"),
    ("Istanbul", "Kadıköy"),
    ("IZMIR", "Bornova"),
)

BAD_TOWNSHIPS = (
    ("İstanbul", "Kadikoy"),
    ("İstanbul", "K.KÖY"),
    ("İstanbul", "Uskudar"),
    ("İstanbul", "Sisli"),
    ("İstanbul", "Eyüp"),
    ("Ankara", "Cankaya"),
)

STREETS = (
    "Atatürk Cad.",
    "Cumhuriyet Mah. Gül Sok.",
    "İnönü Bulvarı",
    "Bağdat Cad.",
    "Yıldız Mah. Çınar Sok.",
    "Işıklar Cad.",
    "Fevzi Çakmak Mah. 1204. Sok.",
    "Gazi Mah. Şehit Sok.",
    "Barış Mah. Ihlamur Sok.",
    "Yeni Mah. İstasyon Cad.",
)

COMPANIES = ("Gökkuşağı Tekstil A.Ş.", "Işık Mobilya Ltd. Şti.", "Özçelik İnşaat", "Uçar Otomotiv San. Tic. A.Ş.")

FOREIGN_PHONES = ("+49 30 23125 014", "+44 7700 900123", "0049 30 23125 077", "+1 202 555 0143", "+44 7700 900456")

PAYMENTS = (
    ("Kredi Kartı (iyzico)", "iyzico_checkout_form"),
    ("Kredi Kartı (PayTR)", "paytr_checkout"),
    ("Havale / EFT", "bank_transfer"),
    ("Kapıda Ödeme", "cod"),
)

SHIPPINGS = (
    ("Yurtiçi Kargo", "yurtici.yurtici"),
    ("Aras Kargo", "aras.aras"),
    ("MNG Kargo", "mng.mng"),
    ("Ücretsiz Kargo", "free.free"),
    ("Sabit Ücretli Kargo", "flat.flat"),
)

# OpenCart's order_status_id; mostly 5 (complete) and 3 (shipped), as in a shop that is alive.
STATUSES = ("5",) * 14 + ("3",) * 3 + ("1", "2", "15", "7", "7", "11", "8", "9", "10", "12", "13", "14", "16")

COMMENTS = ("",) * 8 + ("Lütfen kapıya bırakın", "Akşam 6'dan sonra teslim edin")

# name, model (what Omnitron calls sku), price with tax
PRODUCTS = [
    ("Pamuklu Nevresim Takımı &quot;Ihlamur&quot;", "NVR-001", "1299.90"),
    ("Çift Kişilik Yorgan", "YRG-010", "849.00"),
    ("Yün Battaniye", "BTN-004", "1149.50"),
    ("Bambu Yastık", "YST-002", "229.90"),
    ("Havlu Seti (6'lı)", "HVL-006", "389.90"),
    ("Bornoz &amp; Terlik", "BRZ-011", "599.00"),
    ("Masa Örtüsü 160x220", "MSO-160", "279.90"),
    ("Kırlent Kılıfı", "KRL-003", "89.90"),
    ("Fon Perde", "PRD-021", "749.90"),
    ("Tül Perde", "PRD-022", "459.90"),
    ("Lateks Yatak 180x200", "YTK-180", "12499.00"),
    ("Ortopedik Yatak 90x190", "YTK-090", "6999.90"),
    ("Çocuk Pikesi", "PKE-007", "199.90"),
    ("Mutfak Önlüğü", "ONL-001", "129.90"),
    ("Keten Peçete (4'lü)", "PCT-004", "149.90"),
    ("Işık Geçirmez Stor", "STR-015", "899.90"),
    ("Paspas", "PSP-002", "79.90"),
    ("Salon Halısı 200x290", "HAL-290", "4799.00"),
]
