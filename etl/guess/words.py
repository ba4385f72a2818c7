"""What the columns of shops are called, in English and Turkish, and what that says of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

Vocabulary = Mapping[str, str]
"""Field of the payload -> the names that a column for it may have, the surest first: words written together."""

USER: Vocabulary = {
    "customer_code": (
        "customerid id customercode customernumber customerno userid memberid accountid clientid entityid "
        "code no musteriid musterino musterikodu uyeid uyeno uyekodu kullaniciid cariid carikod kod"
    ),
    "first_name": "firstname givenname fname forename ad adi isim onad ilkad musteriadi uyeadi contactfirstname",
    "last_name": "lastname surname familyname lname soyad soyadi soyisim contactlastname",
    "name": (
        "fullname contactname displayname customername name adsoyad adisoyadi adsoyadi isimsoyisim unvan companyname"
    ),
    "email": "email emailaddress mail eposta epostaadresi mailadresi contactemail useremail",
    "phone": (
        "mobile mobilephone gsm cep ceptel ceptelefonu ceptelefon telephone phone phonenumber telephonenumber "
        "tel telefon telefonu telefonno gsmno"
    ),
    "gender": "gender sex cinsiyet",
    "date_of_birth": "birthday birthdate dateofbirth dob dogumtarihi dogumgunu",
    "date_joined": (
        "dateadded dateadd createdat created datecreated dateaccountcreated accountcreated registered "
        "registrationdate registeredat registeredon registerdate regdate regtime registertime createdon createtime addtime "
        "signupdate joined datejoined useregistered userregistered kayittarihi uyeliktarihi "
        "olusturmatarihi eklenmetarihi kayit"
    ),
    "email_allowed": (
        "newsletter emailallowed acceptsmarketing acceptsemailmarketing emailoptin optin mailing ebulten "
        "bulten emailizni epostaizni mailizni"
    ),
    "sms_allowed": "smsallowed acceptssmsmarketing smsoptin sms smsizni smsizin",
    "password": "password passwd passwordhash userpass pass sifre parola sifrehash",
}

ADDRESS: Vocabulary = {
    "customer_code": (
        "customerid userid memberid customercode parentid accountid clientid musteriid musterino musterikodu "
        "uyeid uyeno uyekodu cariid"
    ),
    "title": "alias addresstitle title adresbasligi adresadi baslik addressname",
    "first_name": USER["first_name"],
    "last_name": USER["last_name"],
    "name": "recipient consignee receiver fullname contactname name alici aliciadi adsoyad adisoyadi",
    "phone_number": "phonemobile mobile gsm ceptel ceptelefonu telephone phone phonenumber tel telefon",
    "country": "country countryname countrycode countryiso ulke ulkeadi idcountry countryid",
    "city": "state province statename provincename regionname zone region il sehir iladi sehiradi city town customercity",
    "township": "township district ilce ilceadi county city town suburb semt customercity",
    "district": "neighbourhood neighborhood quarter mahalle suburb semt",
    "line": "addressline1 address1 street street1 streetaddress address line line1 adres adresi acikadres adressatiri adres1",
    "line_2": "addressline2 address2 street2 line2 adres2 adressatiri2",
    "company_name": "company companyname firma firmaadi sirket sirketadi unvan ticariunvan",
    "tax_no": "taxno taxnumber vatnumber vatid taxid vergino verginumarasi vkn tckn tcno tckimlikno",
    "tax_office": "taxoffice vergidairesi vd",
    "email": USER["email"],
}

ORDER: Vocabulary = {
    "number": (
        "number ordernumber orderno ordernr nr incrementid reference orderid idorder orderref name siparisno "
        "siparisnumarasi sipariskodu siparisid id entityid"
    ),
    "user": (
        "customerid userid memberid customer customercode accountid musteriid musterino musterikodu uyeid uyeno cariid"
    ),
    "user_email": "email emailaddress customeremail customeremailaddress useremail mail eposta musterieposta",
    "status": (
        "status orderstatus orderstatusid statusid currentstate state financialstatus durum siparisdurumu siparisdurum"
    ),
    "created_date": (
        "createdat dateadded datepurchased datecreated orderdate dateadd orderedat placedat createdon created date "
        "purchasetimestamp orderpurchasetimestamp ordertime createtime addtime siparistarihi olusturmatarihi tarih"
    ),
    "amount": (
        "total ordertotal grandtotal totalpaid totalpaidtaxincl totalamount totalprice amount paymentvalue toplam "
        "geneltoplam tutar toplamtutar siparistutari"
    ),
    "discount_amount": (
        "discount discountamount totaldiscounts totaldiscount discounttotal promototal coupondiscount indirim indirimtutari"
    ),
    "currency": "currency currencycode ordercurrencycode currencyiso currencyid parabirimi doviz dovizkodu kur",
    "payment_type": (
        "paymentmethod paymenttype payment paymentname payname paymentcode paymentmodule paymentmodulecode module odemeyontemi "
        "odemetipi odemesekli odeme"
    ),
    "tracking_number": "trackingnumber trackingno tracking shippingnumber kargotakipno takipno kargotakipnumarasi",
    "shipping_company": (
        "shippingcompany carrier carriername shippingmethod shippingname shipmethodid deliverymethod "
        "shippingmodulecode shipvia carrierid idcarrier "
        "kargo kargofirmasi kargosirketi"
    ),
}

ORDER_ITEM: Vocabulary = {
    "order_number": "orderid ordernumber orderno idorder parentid siparisid siparisno siparisnumarasi",
    "product": (
        "productname name title itemname goodsname articlename product urunadi urun urunismi baslik lineitemname "
        "productsname"
    ),
    "sku": (
        "sku productcode productreference productref goodssn articleno model productsmodel reference productsku stokkodu "
        "barkod barcode urunkodu variantid productid productsid goodsid"
    ),
    "quantity": "quantity qty goodsnumber productquantity productsquantity qtyordered orderqty adet miktar",
    "price": (
        "finalprice price unitprice unitpricetaxincl goodsprice productprice productsprice pricetaxincl birimfiyat fiyat "
        "birimfiyati satisfiyati tutar"
    ),
    "image_url": "imageurl image picture resim resimurl gorsel",
}

VOCABULARIES: Mapping[str, Vocabulary] = {"user": USER, "address": ADDRESS, "order": ORDER, "order_item": ORDER_ITEM}

TABLES: Mapping[str, str] = {
    "user": (
        "customer customers user users member members account accounts client clients musteri musteriler uye "
        "uyeler kullanici kullanicilar cari cariler customerentity"
    ),
    "address": (
        "address addresses addressbook customeraddress customeraddresses useraddress adres adresler "
        "musteriadres musteriadresleri uyeadres uyeadresleri teslimatadresleri customeraddressentity"
    ),
    "order": "order orders salesorder orderinfo purchase purchases siparis siparisler satis satislar",
    "order_item": (
        "orderitem orderitems orderline orderlines lines items orderdetail orderdetails orderproduct "
        "orderproducts ordersproducts ordergoods salesorderitem lineitems siparisdetay siparisdetaylari siparisurun "
        "siparisurunleri sipariskalem sipariskalemleri siparissatir satirlar kalemler"
    ),
}

STATUSES: Mapping[str, str] = {
    "cancelled canceled voided iptal iptaledildi": "100",
    "pending waiting onhold hold new created open beklemede bekliyor yeni alindi siparisalindi": "200",
    "pendingpayment awaitingpayment paymentpending odemebekliyor odemebekleniyor": "300",
    "approved confirmed paid onaylandi odendi": "400",
    "processing preparing invoiced picking hazirlaniyor islemde": "450",
    "shipped partiallyshipped sent kargoda kargolandi kargoyaverildi gonderildi": "500",
    "delivered completed complete closed fulfilled teslimedildi tamamlandi": "550",
    "refunded returned iade iadeedildi": "600",
}

SURE = 0.6
"""The score of a name that is one of those which are known, whoever's it is; a longer one that only ends like one has less."""

_FOLD = str.maketrans("ıİşŞğĞüÜöÖçÇâÂîÎ", "iIsSgGuUoOcCaAiI")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_FILLERS = (
    "customers",
    "customer",
    "orders",
    "order",
    "products",
    "entry",
    "user",
    "billing",
    "musteri",
    "uye",
    "siparis",
    "id",
)
"""Words before a name which say of whom it is; where the name is known without them."""


def words_of(name: str) -> tuple[str, ...]:
    """'CustomerID', 'customers_email_address', 'Müşteri Adı' -> their words, in small English letters."""
    return tuple(word.lower() for word in _WORDS.findall(name.translate(_FOLD)))


def name_score(name: str, names: str) -> float:
    """How surely a column of this name is what goes by one of `names`, which stand with the surest first: 0 to 1."""
    words, known = words_of(name), names.split()
    found = "".join(words)
    if found in known:
        return 1 - 0.3 * known.index(found) / len(known)
    for start in range(1, len(words)):
        rest = "".join(words[start:])
        if words[start - 1] in _FILLERS and rest in known:
            return 0.9 - 0.3 * known.index(rest) / len(known)
    return _part_score(words, known)


def heads_a_column(name: str) -> bool:
    """Whether this is how shops call a column, of whatever it is."""
    return any(name_score(name, names) >= SURE for of in VOCABULARIES.values() for names in of.values())


def _part_score(words: Sequence[str], known: Sequence[str]) -> float:
    """A known name at the end of a longer one counts for little: the surest of those counts most."""
    ends = {"".join(words[start:]) for start in range(1, len(words))}
    place = next((at for at, one in enumerate(known) if one in ends and len(one) > 2), None)
    return 0.0 if place is None else 0.5 - 0.03 * place / len(known)


def table_score(name: str, payload: str) -> float:
    """How surely a table of this name holds records of a payload: with a prefix less than without."""
    words, known = words_of(name), TABLES[payload].split()
    for start in range(len(words)):
        if "".join(words[start:]) in known:
            return 1 - 0.1 * start
    joined = [word for word in words if word not in ("dataset", "export", "table", "tablosu", "list", "listesi")]
    return max((0.8 - 0.1 * start for start in range(len(joined)) if "".join(joined[start:]) in known), default=0.0)


def status_of(value: str) -> str | None:
    """Omnitron's code for a status that goes by one of its usual names."""
    found = "".join(words_of(value))
    return next((code for names, code in STATUSES.items() if found in names.split()), None)


def shared_words(name: str, others: Collection[str]) -> int:
    """How many words two names have in common, whether of one or of many: `customer_id` and `customers`."""
    own = {word.rstrip("s") for word in words_of(name)}
    return max((len(own & {word.rstrip("s") for word in words_of(other)} - {"id"}) for other in others), default=0)
