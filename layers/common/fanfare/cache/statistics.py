"""How the caches of this process have done since it began, for people to look at."""

from dataclasses import asdict
from typing import Any, Final

from fanfare.cache.store import Store

EVENTS: Final = ("hit", "miss", "stale", "negative", "coalesced", "bytes")


def statistics(store: Store) -> dict[str, Any]:
    """Return the events of each cache that is bound, with its policy, and how full memory is.

    Bytes are those of the values that were computed; times are seconds, `since` epoch seconds. Other processes have
    figures of their own.
    """
    return {
        "since": round(store.began, 3),
        "caches": {
            policy.name: _events(store, policy.name) | {"policy": asdict(policy)} for policy in store.policies()
        },
        "memory": {"entries": len(store.memory), "bytes": store.memory.bytes, "max_bytes": store.memory.max_bytes},
    }


def _events(store: Store, name: str) -> dict[str, Any]:
    events: dict[str, Any] = {event: store.totals[f"{name}.{event}"] for event in EVENTS}
    found, asked = events["hit"] + events["stale"], events["hit"] + events["stale"] + events["miss"]
    return events | {"hit_rate": round(found / asked, 3) if asked else None}
