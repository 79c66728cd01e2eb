"""What is the same text: composed, single-spaced, without signs that nobody sees or hears."""

import re
import unicodedata


def plain(text: str) -> str:
    """Return `text` composed (NFC) and single-spaced: what makes two spellings the same."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def is_clean(text: str) -> bool:
    """Whether there are neither control characters nor lone surrogates. Joiners stay: Hindi and Persian need them."""
    return not any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text)
