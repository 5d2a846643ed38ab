"""Private conversations of the sample users."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One message: `text`, or a `picture` of a subject, or the other's newest `post`; perhaps quoting a line."""

    speaker: int
    kind: str
    text: str = ""
    quotes: int | None = None


def _says(speaker: int, text: str, quotes: int | None = None) -> Line:
    return Line(speaker, "text", text, quotes)


def _shows(speaker: int, subject: str) -> Line:
    return Line(speaker, "picture", subject)


def _shares(speaker: int) -> Line:
    return Line(speaker, "post")


@dataclass(frozen=True, slots=True)
class Conversation:
    """Between two people, by nickname."""

    between: tuple[str, str]
    lines: tuple[Line, ...]


CONVERSATIONS = (
    Conversation(
        ("minseo.kim", "sofia.rossi"),
        (
            _shares(0),
            _says(0, "Is this the bay below Bellagio? I have to know."),
            _says(1, "Almost! The next one north. Nobody goes there before seven."),
            _says(0, "민서는 여섯 시에 갑니다 :)"),
            _says(1, "Ha! Then I'll bring the coffee.", quotes=3),
            _shows(1, "lake"),
            _says(1, "Yesterday, from the same stone."),
            _says(0, "Booking the train now.", quotes=5),
        ),
    ),
    Conversation(
        ("jonas.lindqvist", "ingrid.solheim"),
        (
            _says(0, "KP 5 forecast for Thursday. You in?"),
            _says(1, "Always. Your car or mine?"),
            _says(0, "Mine has the heater.", quotes=1),
            _shows(1, "aurora"),
            _says(1, "Last week, without you. Just saying."),
            _says(0, "Unfair!! Where was that?", quotes=3),
            _says(1, "The jetty. Bring the thermos and I'll show you."),
        ),
    ),
    Conversation(
        ("amara.okafor", "freya.nielsen"),
        (
            _says(0, "Your corners are making me jealous."),
            _shares(0),
            _says(1, "Pins, then more pins, then swearing."),
            _shows(1, "seeds"),
            _says(1, "The back of it. Never show anyone."),
            _says(0, "I love the back even more.", quotes=3),
            _says(0, "Swap? One of yours for two metres of adire."),
            _says(1, "YES.", quotes=6),
        ),
    ),
    Conversation(
        ("mateo.garcia", "lucas.moreau"),
        (
            _says(0, "My pupils counted your spirals in class today."),
            _says(1, "And? 34 and 55?"),
            _says(0, "One of them says 33. We shall recount.", quotes=1),
            _shows(0, "seeds"),
            _says(1, "Tell them the centre one counts twice. It doesn't, but it starts a discussion."),
            _says(0, "You would be a terrible teacher. Come and visit us."),
        ),
    ),
    Conversation(
        ("yusuf.demir", "leila.haddad"),
        (
            _shares(0),
            _says(0, "Which of these towers is yours?"),
            _says(1, "None! I only did the staircase of the third."),
            _says(0, "Best staircase in the city, then.", quotes=2),
            _shows(1, "lake"),
            _says(1, "From that staircase, at tea time."),
            _says(0, "Çay hazır. When?"),
        ),
    ),
    Conversation(
        ("arjun.mehta", "noah.tamihana"),
        (
            _says(0, "Serious question: what does Orion look like down there?"),
            _says(1, "Like a pot. We are not joking, we call it the pot."),
            _shows(1, "moon"),
            _says(0, "I had to turn my phone around. Amazing.", quotes=2),
            _says(1, "Your turn. Send me the pole star, I have never seen it."),
            _shows(0, "moon"),
            _says(1, "So it is real.", quotes=5),
        ),
    ),
    Conversation(
        ("priya.raman", "nguyen.linh"),
        (
            _says(0, "Seeds are in the post, wrapped in your own print."),
            _says(1, "Cảm ơn chị! The lotus pond is ready."),
            _shares(1),
            _says(1, "This is where they will live."),
            _says(0, "Luckiest seeds I ever sent.", quotes=3),
        ),
    ),
    Conversation(
        ("hanna.virtanen", "valentina.rojas"),
        (
            _says(0, "Cabin for a week of desert, fair trade?"),
            _says(1, "I have never touched snow. Deal."),
            _shows(1, "hills"),
            _says(1, "This is what you get."),
            _shows(0, "lake"),
            _says(0, "And this is yours. Sauna included.", quotes=3),
            _says(1, "When does the lake freeze?"),
            _says(0, "November. Bring two hats."),
        ),
    ),
    Conversation(
        ("kenji.watanabe", "mei.chen"),
        (
            _says(0, "新しい版木が届きました。"),
            _shows(0, "waves"),
            _says(1, "Is that pear wood? The edge is so clean."),
            _says(0, "Cherry. Pear next month.", quotes=2),
            _says(1, "Save me the offcuts, please!"),
        ),
    ),
    Conversation(
        ("minseo.kim", "jonas.lindqvist"),
        (
            _says(1, "Is it true that you photograph the stars from inside the city?"),
            _says(0, "북한산에서요. Half an hour by bus, then an hour on foot."),
            _shows(0, "moon"),
            _says(1, "And that was Seoul below? I am speechless.", quotes=2),
            _shares(1),
            _says(1, "Come north one day. I will lend you gloves."),
        ),
    ),
    Conversation(
        ("tomasz.zielinski", "minseo.kim"),
        (
            _says(0, "Which boots survived the granite?"),
            _says(1, "The old ones. 새 등산화는 아직 무서워요."),
            _says(0, "Wise. Mine lasted two ridges.", quotes=1),
            _shows(0, "hills"),
            _says(0, "Second ridge, five minutes before the sole came off."),
        ),
    ),
    Conversation(
        ("elif.kaya", "minseo.kim"),
        (
            _shares(0),
            _says(0, "I keep coming back to this one. May I print it for my wall?"),
            _says(1, "물론이죠! I will send you the large file tonight."),
            _says(0, "Çok teşekkürler!", quotes=2),
        ),
    ),
    Conversation(
        ("amara.okafor", "priya.raman"),
        (
            _says(1, "Do you dye with indigo from the garden or from the market?"),
            _says(0, "Market, but I have three plants on the balcony now."),
            _shows(1, "blossom"),
            _says(1, "Mine, this morning. Seeds in autumn if you like."),
            _says(0, "I like!", quotes=3),
        ),
    ),
)
