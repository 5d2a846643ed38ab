"""The thirty sample users."""

from dataclasses import dataclass

from .images.portraits import Look

PASSWORD = "paper-lantern-on-the-river"  # noqa: S105  of all sample users, printed for everyone


@dataclass(frozen=True, slots=True)
class Person:
    nickname: str
    name: str
    bio: str
    subjects: tuple[str, ...]  # of their pictures, the most frequent first
    look: Look

    @property
    def email(self) -> str:
        return f"{self.nickname}@example.com"


def _person(nickname: str, name: str, bio: str, subjects: str, look: str) -> Person:
    style, skin, hair, *glasses = look.split()
    return Person(nickname, name, bio, tuple(subjects.split()), Look(style, int(skin), int(hair), bool(glasses)))


PEOPLE = (
    _person("minseo.kim", "김민서", "서울, 산, 그리고 커피. Weekends above the clouds.", "hills lake moon", "long 1 0"),
    _person("amara.okafor", "Amara Okafor", "Lagos to Lisbon. Patterns, mostly.", "seeds waves blossom", "curls 6 0"),
    _person(
        "jonas.lindqvist", "Jonas Lindqvist", "Night shifts behind a tripod. Luleå.", "aurora moon waves", "short 0 5"
    ),
    _person("valentina.rojas", "Valentina Rojas", "Mountain kid. Atacama, Chile.", "hills moon waves", "long 3 1"),
    _person(
        "kenji.watanabe", "渡辺 健二", "Printmaker. Waves are never finished.", "waves seeds lake", "short 1 0 glasses"
    ),
    _person(
        "leila.haddad", "Leila Haddad", "Architect who draws windows for a living.", "lake seeds hills", "scarf 2 0"
    ),
    _person(
        "tomasz.zielinski", "Tomasz Zieliński", "I walk a lot and stop even more.", "hills lake waves", "short 0 3"
    ),
    _person("priya.raman", "Priya Raman", "Gardener, botanist, early riser.", "seeds blossom hills", "bun 3 0"),
    _person("oluwaseun.ade", "Oluwaseun Adé", "Rooftops when the moon comes up.", "lake moon waves", "short 7 0"),
    _person("freya.nielsen", "Freya Nielsen", "A desk with a view of the sea.", "seeds waves lake", "long 0 5 glasses"),
    _person(
        "mateo.garcia",
        "Mateo García",
        "Maths teacher. Sunflowers prove everything.",
        "seeds blossom waves",
        "curls 2 1",
    ),
    _person(
        "ingrid.solheim", "Ingrid Solheim", "Tromsø. Yes, it really looks like that.", "aurora moon hills", "bun 0 7"
    ),
    _person("yusuf.demir", "Yusuf Demir", "İstanbul by ferry. Tea first.", "lake moon waves", "short 2 1 glasses"),
    _person("chloe.dubois", "Chloé Dubois", "Petals, mostly from above.", "blossom seeds waves", "long 1 4"),
    _person(
        "arjun.mehta",
        "Arjun Mehta",
        "Amateur astronomer with a professional thermos.",
        "moon aurora waves",
        "short 4 0",
    ),
    _person("sofia.rossi", "Sofia Rossi", "Lago di Como, early, before the boats.", "lake hills blossom", "curls 2 2"),
    _person(
        "nguyen.linh", "Nguyễn Thùy Linh", "Hà Nội. Lotus season all year in my head.", "blossom lake waves", "long 2 0"
    ),
    _person(
        "samuel.mensah",
        "Samuel Mensah",
        "Spirals, symmetry, and very straight lines.",
        "seeds lake waves",
        "curls 7 0 glasses",
    ),
    _person("hanna.virtanen", "Hanna Virtanen", "A cabin, a lake, no signal.", "lake moon aurora", "bun 0 4"),
    _person(
        "diego.fernandes", "Diego Fernandes", "São Paulo, and the water around it.", "lake moon waves", "curls 4 1"
    ),
    _person(
        "aisha.rahman", "Aisha Rahman", "Walks into the night on purpose.", "hills moon waves", "scarf 4 0 glasses"
    ),
    _person(
        "liam.oconnor",
        "Liam O'Connor",
        "It rains here. Between showers I take pictures.",
        "hills lake waves",
        "short 0 7",
    ),
    _person("mei.chen", "陳美", "Paper, ink, geometry. 台北", "waves seeds blossom", "bun 1 0 glasses"),
    _person(
        "noah.tamihana",
        "Noah Tamihana",
        "Aotearoa. The stars are upside down for you.",
        "moon lake hills",
        "curls 4 0",
    ),
    _person("elif.kaya", "Elif Kaya", "Balloons at five, baking at six.", "hills blossom waves", "long 2 2"),
    _person("marta.kowalczyk", "Marta Kowalczyk", "Flowers, pressed and otherwise.", "seeds blossom waves", "bun 0 3"),
    _person("thabo.nkosi", "Thabo Nkosi", "Joburg light is the best light.", "lake hills waves", "short 6 0"),
    _person("anya.petrova", "Аня Петрова", "Ночное небо и далёкие огни.", "lake aurora moon", "long 0 5"),
    _person(
        "rahel.tesfaye", "Rahel Tesfaye", "Highlands, coffee, and more highlands.", "hills moon waves", "curls 5 0"
    ),
    _person(
        "lucas.moreau",
        "Lucas Moreau",
        "Spirals. Only spirals. Sometimes petals.",
        "seeds waves blossom",
        "short 1 2 glasses",
    ),
)
