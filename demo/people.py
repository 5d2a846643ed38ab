"""The thirty people of the demo."""

from dataclasses import dataclass

from demo.images.portraits import Look

PASSWORD = "paper-lantern-on-the-river"  # noqa: S105  # it is printed for everyone to use
"""Everyone's, so that anybody who tries the demo can be anybody."""


@dataclass(frozen=True, slots=True)
class Person:
    nickname: str
    name: str
    bio: str
    loves: tuple[str, ...]
    """The subjects that they take pictures of, the dearest first."""
    look: Look

    @property
    def email(self) -> str:
        return f"{self.nickname}@example.com"


def _person(nickname: str, name: str, bio: str, loves: str, look: str) -> Person:
    style, skin, hair, *glasses = look.split()
    return Person(nickname, name, bio, tuple(loves.split()), Look(style, int(skin), int(hair), bool(glasses)))


PEOPLE = (
    _person(
        "minseo.kim", "김민서", "서울, 산, 그리고 커피. Weekends above the clouds.", "hills lake stars", "long 1 0"
    ),
    _person("amara.okafor", "Amara Okafor", "Lagos to Lisbon. Textiles, mostly.", "quilt waves blossom", "curls 6 0"),
    _person(
        "jonas.lindqvist", "Jonas Lindqvist", "Night shifts behind a tripod. Luleå.", "aurora stars moon", "short 0 5"
    ),
    _person("valentina.rojas", "Valentina Rojas", "Desert kid. Atacama, Chile.", "dunes stars hills", "long 3 1"),
    _person(
        "kenji.watanabe", "渡辺 健二", "Printmaker. Waves are never finished.", "waves quilt lake", "short 1 0 glasses"
    ),
    _person(
        "leila.haddad", "Leila Haddad", "Architect who draws windows for a living.", "skyline quilt dunes", "scarf 2 0"
    ),
    _person(
        "tomasz.zielinski", "Tomasz Zieliński", "I walk a lot and stop even more.", "hills lake dunes", "short 0 3"
    ),
    _person("priya.raman", "Priya Raman", "Gardener, botanist, early riser.", "seeds blossom hills", "bun 3 0"),
    _person("oluwaseun.ade", "Oluwaseun Adé", "Rooftops at the right minute.", "skyline moon lake", "short 7 0"),
    _person(
        "freya.nielsen", "Freya Nielsen", "Sewing room with a view of the sea.", "quilt waves lake", "long 0 5 glasses"
    ),
    _person(
        "mateo.garcia",
        "Mateo García",
        "Maths teacher. Sunflowers prove everything.",
        "seeds blossom quilt",
        "curls 2 1",
    ),
    _person(
        "ingrid.solheim", "Ingrid Solheim", "Tromsø. Yes, it really looks like that.", "aurora moon hills", "bun 0 7"
    ),
    _person("yusuf.demir", "Yusuf Demir", "İstanbul by ferry. Tea first.", "skyline lake moon", "short 2 1 glasses"),
    _person("chloe.dubois", "Chloé Dubois", "Petals, mostly from above.", "blossom seeds quilt", "long 1 4"),
    _person(
        "arjun.mehta",
        "Arjun Mehta",
        "Amateur astronomer with a professional thermos.",
        "stars moon aurora",
        "short 4 0",
    ),
    _person("sofia.rossi", "Sofia Rossi", "Lago di Como, early, before the boats.", "lake hills blossom", "curls 2 2"),
    _person(
        "nguyen.linh", "Nguyễn Thùy Linh", "Hà Nội. Lotus season all year in my head.", "blossom lake waves", "long 2 0"
    ),
    _person(
        "samuel.mensah",
        "Samuel Mensah",
        "Kente, squares, and very straight lines.",
        "quilt seeds skyline",
        "curls 7 0 glasses",
    ),
    _person("hanna.virtanen", "Hanna Virtanen", "A cabin, a lake, no signal.", "lake stars aurora", "bun 0 4"),
    _person("diego.fernandes", "Diego Fernandes", "São Paulo from the last bus.", "skyline moon waves", "curls 4 1"),
    _person(
        "aisha.rahman", "Aisha Rahman", "Walks into the desert on purpose.", "dunes moon stars", "scarf 4 0 glasses"
    ),
    _person(
        "liam.oconnor",
        "Liam O'Connor",
        "It rains here. Between showers I take pictures.",
        "hills lake waves",
        "short 0 7",
    ),
    _person("mei.chen", "陳美", "Paper, ink, geometry. 台北", "waves quilt seeds", "bun 1 0 glasses"),
    _person(
        "noah.tamihana",
        "Noah Tamihana",
        "Aotearoa. The stars are upside down for you.",
        "stars lake hills",
        "curls 4 0",
    ),
    _person("elif.kaya", "Elif Kaya", "Balloons at five, baking at six.", "dunes hills blossom", "long 2 2"),
    _person(
        "marta.kowalczyk", "Marta Kowalczyk", "Patchwork of everything I ever wore.", "quilt blossom seeds", "bun 0 3"
    ),
    _person("thabo.nkosi", "Thabo Nkosi", "Joburg light is the best light.", "skyline dunes hills", "short 6 0"),
    _person("anya.petrova", "Аня Петрова", "Ночные города и далёкие огни.", "skyline aurora moon", "long 0 5"),
    _person(
        "rahel.tesfaye", "Rahel Tesfaye", "Highlands, coffee, and more highlands.", "hills dunes stars", "curls 5 0"
    ),
    _person(
        "lucas.moreau",
        "Lucas Moreau",
        "Spirals. Only spirals. Sometimes petals.",
        "seeds waves blossom",
        "short 1 2 glasses",
    ),
)
