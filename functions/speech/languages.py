"""Languages as clients name them: BCP 47 tags (RFC 5646), or English names, of which the tag is kept."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

TAG: Final = re.compile(
    r"(?P<language>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)"
)
"""What learners, voices and models tell apart: no extensions and no private use."""

NAMES: Final[dict[str, str]] = dict(
    pair.split("=")
    for pair in """
    afrikaans=af akan=ak albanian=sq amharic=am arabic=ar aragonese=an armenian=hy assamese=as aymara=ay azerbaijani=az
    bambara=bm bashkir=ba basque=eu belarusian=be bengali=bn bislama=bi bosnian=bs breton=br bulgarian=bg burmese=my
    cantonese=yue catalan=ca cebuano=ceb chechen=ce chichewa=ny chinese=zh chuvash=cv cornish=kw corsican=co croatian=hr
    czech=cs danish=da dari=fa-AF dhivehi=dv dutch=nl dzongkha=dz english=en esperanto=eo estonian=et ewe=ee faroese=fo
    farsi=fa fijian=fj filipino=fil finnish=fi flemish=nl-BE french=fr fula=ff galician=gl ganda=lg georgian=ka
    german=de greek=el greenlandic=kl guarani=gn gujarati=gu haitian=ht hausa=ha hawaiian=haw hebrew=he hindi=hi
    hmong=hmn hungarian=hu icelandic=is ido=io igbo=ig indonesian=id interlingua=ia inuktitut=iu irish=ga italian=it
    japanese=ja javanese=jv kannada=kn kashmiri=ks kazakh=kk khmer=km kinyarwanda=rw kirundi=rn konkani=kok korean=ko
    kurdish=ku kyrgyz=ky lao=lo latin=la latvian=lv lingala=ln lithuanian=lt luxembourgish=lb macedonian=mk maithili=mai
    malagasy=mg malay=ms malayalam=ml maltese=mt mandarin=zh manx=gv maori=mi marathi=mr marshallese=mh moldovan=ro-MD
    mongolian=mn nahuatl=nah nauruan=na navajo=nv nepali=ne norwegian=no occitan=oc odia=or ojibwe=oj oriya=or oromo=om
    ossetian=os pali=pi papiamento=pap pashto=ps persian=fa polish=pl portuguese=pt punjabi=pa quechua=qu romanian=ro
    romansh=rm russian=ru samoan=sm sango=sg sanskrit=sa sardinian=sc serbian=sr sesotho=st setswana=tn shona=sn
    sindhi=sd sinhala=si slovak=sk slovene=sl slovenian=sl somali=so spanish=es sundanese=su swahili=sw swati=ss
    swedish=sv tagalog=tl tahitian=ty tajik=tg tamil=ta tatar=tt telugu=te thai=th tibetan=bo tigrinya=ti tongan=to
    tsonga=ts turkish=tr turkmen=tk twi=tw ukrainian=uk urdu=ur uyghur=ug uzbek=uz venda=ve vietnamese=vi volapük=vo
    walloon=wa welsh=cy wolof=wo xhosa=xh yiddish=yi yoruba=yo zhuang=za zulu=zu
    """.split()  # noqa: SIM905  (one to a line, it would be 170 lines)
) | {
    "american english": "en-US",
    "british english": "en-GB",
    "brazilian portuguese": "pt-BR",
    "european portuguese": "pt-PT",
    "canadian french": "fr-CA",
    "mexican spanish": "es-MX",
    "swiss german": "gsw",
    "simplified chinese": "zh-Hans",
    "traditional chinese": "zh-Hant",
    "mandarin chinese": "zh",
    "norwegian bokmål": "nb",
    "norwegian nynorsk": "nn",
    "haitian creole": "ht",
    "scottish gaelic": "gd",
    "western frisian": "fy",
    "northern sami": "se",
}
"""After ISO 639 and CLDR, in lower case. Published clients send these in place of tags."""


def tag(text: str) -> str:
    """Return the BCP 47 tag for a tag, in any case and also with underscores, or for an English name.

    Raises ValueError if it is neither.
    """
    plain = " ".join(text.split()).lower()
    qualified = re.fullmatch(r"(.+) \((.+)\)", plain)  # Chinese (Simplified)
    named = NAMES.get(plain) or (NAMES.get(f"{qualified[2]} {qualified[1]}") if qualified else None)
    if named:
        return named
    parts = TAG.fullmatch(plain.replace("_", "-"))
    if parts is None:
        raise ValueError("must be a BCP 47 code such as de or pt-BR, or the English name of a language")
    script, region = (parts["script"] or "").title(), (parts["region"] or "").upper()
    return "-".join(filter(None, (parts["language"], script, region))) + parts["variants"]


type Language = Annotated[str, Field(min_length=2, max_length=35), AfterValidator(tag)]
"""A language in a request; a BCP 47 tag once checked."""


def base(language: str) -> str:
    """The language of a tag, without script, region and variants: ``pt`` of ``pt-BR``."""
    return language.partition("-")[0]
