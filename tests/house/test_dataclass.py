"""The engine's own `dataclass` is what the standard library's is, to whoever uses it."""

import copy
import dataclasses
import pickle

import pytest

from etl.dataclass import dataclass as quick


def classes(dataclass, qualified):
    """The same classes, made by one `dataclass` or the other."""

    @dataclass(frozen=True, slots=True)
    class Frozen:
        """Sentence."""

        a: int
        b: str = "b"
        c: list[int] = dataclasses.field(default_factory=list)
        d: float | None = dataclasses.field(default=None, compare=False, repr=False)

    @dataclass(frozen=True, slots=True)
    class Further(Frozen):
        e: int = 5

        @property
        def doubled(self):
            return 2 * self.e

    @dataclass(slots=True)
    class Open:
        a: int = 1
        b: dict[str, int] = dataclasses.field(default_factory=dict)

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Named:
        a: int
        b: int = 2

        def __post_init__(self):
            if self.a < 0:
                raise ValueError("below zero")

    @dataclass(slots=True, frozen=True)
    class Own:
        a: int

        def __repr__(self):
            return "mine"

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 7

    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        a: int

    @dataclass(frozen=True, slots=True)
    class Single:
        a: float

    @dataclass(frozen=True, slots=True)
    class Nothing:
        pass

    found = (Frozen, Further, Open, Named, Own, Ordered, Single, Nothing)
    for one in found:
        one.__qualname__ = f"{qualified}_{one.__name__}"
        globals()[one.__qualname__] = one  # where pickle looks for it
    return {one.__name__: one for one in found}


QUICK, STANDARD = classes(quick, "quick"), classes(dataclasses.dataclass, "standard")

MADE: dict[str, list[dict]] = {
    "Frozen": [{"a": 1}, {"a": 1, "b": "x", "c": [1], "d": 2.5}, {"a": 1, "d": 9.9}, {"a": 2}],
    "Further": [{"a": 1}, {"a": 1, "e": 6}],
    "Open": [{}, {"a": 2}, {"b": {"x": 1}}],
    "Named": [{"a": 1}, {"a": 1, "b": 3}],
    "Own": [{"a": 1}, {"a": 2}],
    "Ordered": [{"a": 1}, {"a": 2}],
    "Single": [{"a": 1.5}],
    "Nothing": [{}],
}


def objects(of):
    return [of[name](**values) for name, given in MADE.items() for values in given]


def told(one):
    return repr(one).partition("_")[2] or repr(one)


def test_objects_look_compare_and_are_taken_apart_as_those_of_the_standard_library():
    for own, standard in zip(objects(QUICK), objects(STANDARD), strict=True):
        assert told(own) == told(standard)
        assert dataclasses.asdict(own) == dataclasses.asdict(standard)
        assert dataclasses.astuple(own) == dataclasses.astuple(standard)
        assert own.__match_args__ == standard.__match_args__
        assert not hasattr(own, "__dict__")
    for found in (QUICK, STANDARD):
        made = objects(found)
        equal = [[one == other for other in objects(found)] for one in made]
        assert equal == [[one == other for other in objects(STANDARD)] for one in objects(STANDARD)]


def test_what_can_be_hashed_is_what_the_standard_library_hashes():
    def hashed(one):
        try:
            return hash(one)
        except TypeError:
            return "cannot be"

    assert [type(hashed(one)) for one in objects(QUICK)] == [type(hashed(one)) for one in objects(STANDARD)]
    named = QUICK["Named"]
    assert len({named(a=1), named(a=1), named(a=2)}) == 2


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one)), dataclasses.replace]
)
def test_a_copy_is_the_same_and_another_object(again):
    for one in objects(QUICK):
        assert again(one) == one
        assert again(one) is not one
        assert dataclasses.astuple(again(one)) == dataclasses.astuple(one)


def test_an_object_that_holds_no_number_is_equal_to_another_that_holds_the_same_one():
    nan = float("nan")
    for of in (QUICK, STANDARD):
        assert of["Single"](nan) == of["Single"](nan)


def test_what_an_object_was_made_with_by_default_is_its_own():
    first, second = QUICK["Open"](), QUICK["Open"]()
    first.b["x"] = 1
    assert second.b == {}
    assert QUICK["Frozen"](1).c is not QUICK["Frozen"](1).c


def test_a_frozen_object_stays_as_it_is():
    one = QUICK["Frozen"](1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'a'"):
        one.a = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'a'"):
        del one.a
    assert one.a == 1


def test_what_does_not_fit_is_refused_as_by_the_standard_library():
    def refused(of, *values, **named):
        with pytest.raises((TypeError, ValueError)) as caught:
            of(*values, **named)
        return type(caught.value), str(caught.value).partition("()")[2]

    for name, values, named in (
        ("Frozen", (), {}),
        ("Frozen", (1,), {"x": 2}),
        ("Open", (1, {}, 3), {}),
        ("Named", (1,), {}),
        ("Named", (), {"a": -1}),
    ):
        assert refused(QUICK[name], *values, **named) == refused(STANDARD[name], *values, **named)


def test_a_method_of_its_own_is_kept():
    own = QUICK["Own"](1)
    assert (repr(own), hash(own), own == 5, QUICK["Further"](1).doubled) == ("mine", 7, True, 10)
    assert QUICK["Frozen"].__doc__ == "Sentence."


def test_init_is_written_when_the_first_object_is_made():
    @quick(frozen=True, slots=True)
    class Late:
        a: int

    before = Late.__init__
    Late(1)
    assert Late.__init__ is not before
    assert Late.__init__.__qualname__.endswith("Late.__init__")


def test_an_init_that_was_put_in_its_place_stays():
    @quick(frozen=True, slots=True)
    class Wrapped:
        a: int

    own = Wrapped.__init__

    def init(self, a):
        own(self, a + 1)

    Wrapped.__init__ = init  # type: ignore[method-assign]
    assert [Wrapped(1).a, Wrapped(1).a] == [2, 2]
