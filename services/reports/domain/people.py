"""What reports leave out of a case's words: the labels of the desk's form (shared/elements.py), and who called."""

import re
from collections.abc import Collection

from shared.elements import ADDRESS, CALLER, CALLER_LINE, CAUSE, COURSE, WHEN
from shared.privacy import redact

_WHEN = re.compile(rf"^[ \t]*{WHEN}[：:].*\n?", re.M)
_LABELS = re.compile(f"(?:{CALLER}|{WHEN}|{ADDRESS}|{CAUSE}|{COURSE})[：:]")

_FIRST = (
    "王李张刘陈杨赵吴徐孙胡朱郭何罗郑梁宋韩唐冯董萧曹袁邓傅沈彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴钟汪姜范姚谭廖邹熊陆郝孔崔邱秦"
    "顾侯邵孟段雷钱汤尹黎乔贺赖龚庞樊兰殷施陶洪翟颜倪严芦俞鲁葛伍韦尤毕聂焦柳邢岳梅莫祝涂祁舒耿牟詹苗凌纪靳童甄游裴席屈鲍"
    "覃霍翁隋甘柏柯阮桂闵冉闫付仝肖"
)
"""Family names that seldom begin or end a word; further ones count only right before a title."""
_FURTHER = (
    "周黄林高马谢于程许曾任田夏方石金白康毛江史龙万易常武文安牛温季章申路齐庄辛管左谷关费盛欧项曲阳卫查景薄单包"
    "司宁解丛华"
)
_TITLES = "先生|女士|小姐|师傅|大爷|大妈|大娘|大叔|大哥|大姐|阿姨|叔叔|奶奶|爷爷"
_NAMED_ONLY = "老师|同学|医生|大夫|主任|经理|书记|队长|所长|同志"
"""Say something of a topic without a name before them."""
_HAN = "[\u4e00-\u9fff]"
_DOUBLE = "欧阳|司马|上官|诸葛|夏侯|皇甫|尉迟|公孙"
_NAME = f"(?:(?:{_DOUBLE}){_HAN}{{0,2}}|[{_FIRST}]{_HAN}{{0,2}}|[{_FURTHER}]|[A-Za-z某]{{1,2}})"
_NAMED = re.compile(f"{_NAME}({_TITLES}|{_NAMED_ONLY})")
_PERSON = re.compile(f"{_NAME}?(?:{_TITLES})|{_NAME}(?:{_NAMED_ONLY})")


def callers_in(text: str) -> frozenset[str]:
    """Names that the caller's line of the form gives, with and without a title."""
    said = {part for line in CALLER_LINE.findall(text) for part in re.split(r"[\s，,、（(]+", line)}
    return frozenset(one for part in said for one in (part, _bare(part)) if _is_name(one))


def _bare(name: str) -> str:
    return re.sub(f"(?:{_TITLES}|{_NAMED_ONLY})$", "", name)


def _is_name(word: str) -> bool:
    return len(word) > 1 and (word.isascii() or word[0] in _FIRST + _FURTHER)


def plain(text: str, callers: Collection[str]) -> str:
    """For the search of topics: without labels, the lines of caller and time, names and titles."""
    rest = _LABELS.sub(" ", _WHEN.sub("", CALLER_LINE.sub("", text)))
    return _PERSON.sub(" ", _without(rest, callers, " "))


def masked(text: str, callers: Collection[str] = ()) -> str:
    """To be shown: 李先生 → 某先生, the caller's own name → 某某, numbers as privacy masks them."""
    return redact(_without(_NAMED.sub(r"某\1", text), callers, "某某"))


def _without(text: str, callers: Collection[str], instead: str) -> str:
    for name in sorted(callers, key=lambda one: (-len(one), one)):
        text = text.replace(name, instead)
    return text
