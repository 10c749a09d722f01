"""Times as the API writes them. The server runs on this machine, so both have one clock."""

from datetime import datetime, timedelta, timezone


def at(seconds):
    """RFC 3339 for so many seconds from now; below zero for the past."""
    moment = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
