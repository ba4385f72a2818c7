"""HTML as shops store it: which < opens an element, and the text without its tags."""

from __future__ import annotations

import re
from functools import cache
from html import escape, unescape

# Markup that stands between two words; what is not here (b, span, a) may stand inside one.
BLOCKS = {
    "address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "li", "main", "nav", "ol",
    "optgroup", "option", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip
_BLOCK_TAG = re.compile(r"<[^<>]*>")
_CELL = re.compile(r"<(/?)(?:td|th|tr|tbody|thead|tfoot|caption)\b", re.IGNORECASE)
_ELEMENTS = (
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br button "
    "canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset "
    "figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe image img input ins "
    "kbd keygen label legend li link listing main map mark marquee math menu menuitem meta meter nav nobr noembed noframes "
    "noscript object ol optgroup option output p param picture plaintext pre progress q rb rp rt rtc ruby s samp script search "
    "section select slot small source span strike strong style sub summary sup svg table tbody td template textarea tfoot th "
    "thead time title tr track tt u ul var video wbr xmp"
)
"""The elements of the HTML standard, with those that it calls obsolete."""

_BARE = (
    "allowfullscreen async autofocus autoplay checked compact controls default defer disabled download hidden inert ismap "
    "itemscope loop multiple muted noshade nowrap open playsinline readonly required reversed selected"
)
_DRAWN = (
    "animate animatemotion animatetransform circle clippath defs desc ellipse filter foreignobject g line lineargradient marker "
    "mask metadata mpath path pattern polygon polyline radialgradient rect set stop switch symbol text textpath tspan use view "
    "fe[a-z]+ annotation annotation-xml maction menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom "
    "mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics"
)
"""The elements of SVG and MathML. Their names are words of texts, too: they count in a text that has one of these drawings."""

_DRAWING = re.compile(r"<(?:svg|math)[\s/>]", re.IGNORECASE)
_OF_DRAWING = rf"(?i)<(/?)(?:svg|math|{_DRAWN.replace(' ', '|')})(?=[\s/>])"


@cache
def _opening(elements: str) -> re.Pattern[str]:
    """What a tag begins with, after its <: the name of an element, and nothing or an attribute. In `a<b then c>d` there is none.

    Made when a text is asked about its tags: it is the slowest to make of all patterns.
    """
    return re.compile(
        rf"""/?(?: {elements.replace(" ", "|")}
        | (?-i:[a-z][a-z0-9._]*-[a-z0-9._-]*)  # of a page's own: there is a hyphen in its name, and no capital letter
        | (?:o|v|w|m|x|st1):[a-z]+ )  # of Word, whose texts shops hold, too
        (?: [\s/]*(?:>|$) | [\s/]+(?: [^\s=<>"'/]+\s*= | (?:data-[^\s=<>"'/]+|{_BARE.replace(" ", "|")})[\s/>] ) )
        | !doctype\b | !\[(?:if|endif)\b | \?[a-z]""",
        re.IGNORECASE | re.VERBOSE,
    )


_COMMENT = re.compile(
    r"""<!--(?:-?>|.*?(?:--!?>|\Z))  # to the end, when none is written
    | (?P<tag></?[a-z](?:[^"'<>]|"[^"]{0,2000}+"|'[^']{0,2000}+')*+>)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
"""A comment as the HTML standard has them; or a tag, in whose attributes there is none."""


def without_tags(text: str) -> str:
    """The text of HTML. Tags that part words leave a space."""
    import nh3

    text = _with_plain_signs(_without_sections(_without_comments(text)))
    # A cell outside of a table is no cell to a parser, which would join it to the one before; a drawing's words it drops.
    text = _CELL.sub(r"<\1div", text)
    if _DRAWING.search(text):
        text = re.sub(_OF_DRAWING, r"<\1span", text)
    # The cleaner gives well-formed HTML whose every '<' is one of BLOCKS' tags, so what follows cannot be fooled.
    blocks = nh3.clean(text, tags=BLOCKS, attributes={}, clean_content_tags={"script", "style"})
    return unescape(_BLOCK_TAG.sub(" ", blocks))


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda found: found["tag"] or "", text) if "<!--" in text else text


def _without_sections(text: str) -> str:
    """The text of XML's `<![CDATA[Ali]]>`, which a parser of HTML drops: `Ali`, with its signs escaped."""
    first, *rest = text.split("<![CDATA[")
    parts = [one.partition("]]>") for one in rest]
    return first + "".join(escape(inside) + after for inside, _, after in parts)


def _with_plain_signs(text: str) -> str:
    """The text, in which every < that opens no tag is written out: in `Kablo L<M` a parser would see a tag to the end."""
    first, *rest = text.split("<")
    opens = _opening(f"{_ELEMENTS} {_DRAWN}" if _DRAWING.search(text) else _ELEMENTS)
    return first + "".join(f"<{one}" if _is_tag(one, opens) else f"&lt;{one}" for one in rest)


def _is_tag(text: str, opens: re.Pattern[str]) -> bool:
    """Whether what stands between a < and the next one begins with a tag; a quoted attribute may hold a <."""
    return opens.match(text) is not None and (">" in text or text.count('"') % 2 == 1 or text.count("'") % 2 == 1)
