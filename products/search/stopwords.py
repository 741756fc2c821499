"""Words that say nothing of a product: a search that has others does without them."""

from __future__ import annotations

# In plain letters, see ``words.plain``. Languages that aren't here have every word count.
_BY_LANGUAGE = {
    "danish": "af den der det du de en et for fra i med og om paa som til ved",
    "dutch": "aan bij dan dat de der die een en het in is met of om op te tot uit van voor",
    "english": "a an and are as at by for from in is it of on or that the this to with",
    "finnish": "ei ja kun on se sen tai",
    "french": "a au aux avec ce ces d dans de des du en est et l la le les ou par pour sans sur un une",
    "german": "am an auf aus bei das dem den der des die ein eine einem einen einer eines fur im in ist mit oder "
    "und vom von zu zum zur",
    "italian": "a al alla con d da dal dalla dei del della delle di e gli i il in l la le lo o per su un una uno",
    "norwegian": "av de den det du en et for fra i med og om pa som til ved",
    "portuguese": "a ao as com da das de do dos e em na nas no nos o os ou para por sem um uma",
    "spanish": "a al con de del e el en la las lo los o para por sin su un una unos unas y",
    "swedish": "av de den det du en ett for fran i med och om pa som till vid",
}
_WORDS = {language: frozenset(words.split()) for language, words in _BY_LANGUAGE.items()}


def says_nothing(word: str, language: str) -> bool:
    """Tell whether a plain word is one that every text has."""
    return word in _WORDS.get(language, ())
