"""Chats: the list, in pages, newest first."""

import pytest

from . import asking
from .daemons import slot
from .faults import check

# In the order in which they are opened.
STATUSES = ["in_progress", "ended", "error", "in_progress", "ended", "in_progress", "error"]
NEWEST_FIRST = list(reversed(range(len(STATUSES))))
PAGE = [
    "data",
    "page",
    "size",
    "totalCount",
    "totalCounts",
    "totalPages",
    "hasNext",
    "hasPrevious",
]


@pytest.fixture(scope="module")
def chats(start, model):
    """A daemon of our own, with one chat of each of `STATUSES`: it and the ids in that order."""
    daemon, agent = start(), slot(0)
    ids = []
    for number, status in enumerate(STATUSES):
        step = {"head": {"status": 500}} if status == "error" else {"answer": "Hello"}
        model.script(agent.model, [step])
        answer = asking.create(daemon, agent, f"Chat {number}")
        assert answer.status == (500 if status == "error" else 201)
        found = asking.listed(daemon, "?size=1")["data"][0]["chatId"]
        if status == "ended":
            assert asking.chats(daemon, "DELETE", f"{asking.CHATS}/{found}").status == 200
        ids.append(found)
    assert len(set(ids)) == len(STATUSES)
    return daemon, ids


def check_page(chats, query, expected, page, size, total):
    """`expected` has the places of the chats in `STATUSES`."""
    daemon, ids = chats
    found = asking.listed(daemon, query)
    assert list(found) == PAGE
    assert [chat["chatId"] for chat in found["data"]] == [ids[place] for place in expected]
    assert [chat["status"] for chat in found["data"]] == [STATUSES[place] for place in expected]
    pages = -(-total // size)
    rest = {name: found[name] for name in PAGE[1:]}
    assert rest == {
        "page": page,
        "size": size,
        "totalCount": total,
        "totalCounts": total,
        "totalPages": pages,
        "hasNext": page + 1 < pages,
        "hasPrevious": page > 0,
    }
    assert type(found["hasNext"]) is type(found["hasPrevious"]) is bool


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 100])
def test_every_page_of_every_size(chats, size):
    for page in range(-(-len(STATUSES) // size)):
        part = NEWEST_FIRST[page * size : (page + 1) * size]
        check_page(chats, f"?page={page}&size={size}", part, page, size, len(STATUSES))


def test_without_parameters_it_is_the_first_ten(chats):
    check_page(chats, "", NEWEST_FIRST, 0, 10, len(STATUSES))
    check_page(chats, "?size=3", NEWEST_FIRST[:3], 0, 3, len(STATUSES))
    check_page(chats, "?page=0", NEWEST_FIRST, 0, 10, len(STATUSES))


FILTERS = {
    "in_progress": "in_progress",
    "in-progress": "in_progress",
    "ended": "ended",
    "error": "error",
}


@pytest.mark.parametrize("status", FILTERS)
def test_a_status_filters_the_list_and_its_counts(chats, status):
    expected = [place for place in NEWEST_FIRST if STATUSES[place] == FILTERS[status]]
    check_page(chats, f"?status={status}", expected, 0, 10, len(expected))
    query = f"?size=1&status={status}&page=1"
    check_page(chats, query, expected[1:2], 1, 1, len(expected))


def test_past_the_last_page_there_is_nothing(chats):
    daemon, _ = chats
    found = asking.listed(daemon, "?page=5&size=2")
    assert (found["data"], found["page"], found["hasNext"]) == ([], 5, False)
    assert found["totalCount"] == len(STATUSES)


def test_another_key_sees_its_own(chats):
    daemon, _ = chats
    found = asking.listed(daemon, person="bob")
    assert (found["data"], found["totalCount"], found["totalPages"]) == ([], 0, 0)
    assert (found["hasNext"], found["hasPrevious"]) == (False, False)


def test_an_entry_is_the_record(chats):
    daemon, ids = chats
    entries = asking.listed(daemon)["data"]
    for entry, place in zip(entries, NEWEST_FIRST, strict=True):
        assert entry == asking.record(daemon, ids[place])
        assert asking.said(entry)[0] == ("user", f"Chat {place}")


WRONG = [
    ("page=-1", "page"),
    ("page=x", "page"),
    ("page=1.5", "page"),
    ("size=0", "size"),
    ("size=101", "size"),
    ("size=-1", "size"),
    ("size=x", "size"),
    ("status=done", "status"),
    ("status=ENDED", "status"),
]


@pytest.mark.parametrize(("query", "field"), WRONG)
def test_a_parameter_that_is_out_of_bounds_is_400(chats, query, field):
    path = f"{asking.CHATS}?{query}"
    answer = asking.chats(chats[0], "GET", path)
    check(answer, "chats", 400, path, {field})


def test_unknown_parameters_are_ignored(chats):
    check_page(chats, "?sort=up&size=2", NEWEST_FIRST[:2], 0, 2, len(STATUSES))


def test_an_empty_list_is_a_page(start):
    found = asking.listed(start())
    assert (found["data"], found["totalCount"], found["page"], found["size"]) == ([], 0, 0, 10)
