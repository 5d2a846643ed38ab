"""Captions and comments, by the subject of the picture."""

CAPTIONS: dict[str, tuple[str, ...]] = {
    "hills": (
        "Counted the ridges twice. Got a different number each time.",
        "Worth every step, and there were many.",
        "The kind of quiet you can hear.",
        "능선 위에서 도시락. 오늘의 승리.",
        "My knees disagree, but I would go again tomorrow.",
        "Nobody up there but us and the birds.",
        "Fog below, coffee above.",
        "The map said two hours. The map lied beautifully.",
        "Les montagnes, toujours les montagnes.",
        "Same view as last year. I am not the same, though.",
    ),
    "lake": (
        "Not a breath of wind. Turn your phone upside down, nothing changes.",
        "I waited an hour for the ducks to leave, and then I missed the ducks.",
        "Järvi oli tänään peili.",
        "Two mountains for the price of one.",
        "First swim of the year. Three seconds long.",
        "Il lago prima di tutti gli altri.",
        "Skipped a stone and ruined it. Took this before.",
        "Some mornings need no filter.",
    ),
    "moon": (
        "She came up behind the ridge like she owned the place.",
        "Bright enough to read by. I read the menu.",
        "The dog barked at it for a good ten minutes.",
        "No telescope today, just the big one.",
        "달이 정말 가까워 보였다.",
        "Walked home without a lamp.",
        "Every crater has a name. I know four.",
        "Полнолуние. Не спится.",
    ),
    "aurora": (
        "KP 6 and a thermos. That is the whole recipe.",
        "It started exactly when I had packed everything up.",
        "Det er grønt igjen.",
        "My hands are cold, my heart is not.",
        "Two hours of nothing, then ten minutes of this.",
        "Forgot to press the shutter for a while.",
        "The curtain opened and nobody said a word.",
        "Revontulet, kahvi ja hyvä seura.",
    ),
    "waves": (
        "Third print of the series. The sea has no edges.",
        "青海波。今日も波。",
        "One wave goes its own way. There is always one.",
        "Carved on Monday, printed on Friday, ink everywhere.",
        "I only meant to test the blue.",
        "Blocks like these are three hundred years older than I am.",
        "Wrapping paper for somebody who will keep the paper.",
        "From the ferry you hear exactly this rhythm.",
    ),
    "seeds": (
        "137.5 degrees, over and over. That is all a sunflower knows.",
        "Count the spirals: 34 one way, 55 the other.",
        "My pupils did not believe me, so we counted.",
        "A plotter, a pen and one line of arithmetic.",
        "One hundredth of a degree off, and it all falls apart.",
        "Nature does the sums, I only draw the dots.",
        "Dizzy yet?",
        "Fibonacci sends his regards.",
    ),
    "blossom": (
        "The first one this year.",
        "Opened overnight, as if it had waited for the weekend.",
        "Sáu vòng cánh hoa.",
        "It closes at four, like the museum.",
        "Folded from paper, before you ask.",
        "Bees not pictured. Bees very much present.",
        "Pour toi, maman.",
        "I planted this in a yoghurt pot.",
    ),
}

Talk = tuple[tuple[str, tuple[str, ...]], ...]
"""What may be said, each with the answers that fit it."""

_ANYWHERE: Talk = (
    ("Love this.", ("Thank you!", "That means a lot.")),
    ("These colours!", ("Hardly touched them, promise.", "I got lucky.")),
    ("Can I have this on my wall?", ("Send me your address :)", "Only if you show me the wall.")),
    ("정말 아름다워요!", ("감사합니다!", "고마워요 :)")),
    ("Stunning.", ("Thanks!",)),
    ("¡Qué maravilla!", ("¡Gracias!", "Mil gracias.")),
    ("How long did this take you?", ("Longer than I would admit.", "One evening and a lot of tea.")),
    ("Saving this one.", ("Go ahead!",)),
)

_LAND: Talk = (
    ("Where is this? I want to pack my boots.", ("Half an hour from the last bus stop, no joke.", "I'll send it.")),
    ("The layers fade so softly.", ("It was the haze, I only stood there.",)),
    ("That light lasted how long?", ("Four minutes, maybe five.", "Until I found my gloves.")),
    ("Did you camp there?", ("Yes, and it was freezing.", "No, there is a hut with soup.")),
    ("Take me along next time!", ("Deal. Sunday?", "You have to carry the tripod.")),
    ("I can smell the morning.", ("Wet grass and coffee.",)),
)

_NIGHT: Talk = (
    ("What exposure?", ("Fifteen seconds, wide open.", "Twenty seconds, and two attempts.")),
    ("I have never seen it this clear.", ("Me neither, in ten years.",)),
    ("Was it as cold as it looks?", ("Colder.", "My eyelashes froze.")),
    ("Is that Jupiter, bottom left?", ("Good eye, it is!", "I think it is a plane, sadly.")),
    ("I would just lie down and look.", ("That is exactly what we did.",)),
    ("Clouds here, as always. Thank you for this.", ("Come and visit.", "They will move!")),
)

_CLOTH: Talk = (
    ("The corners! How do you get them to meet?", ("Pins. So many pins.", "I don't, I choose the photo well.")),
    ("Is there a pattern I could follow?", ("I'll draw it up this week.", "No pattern, just scraps.")),
    ("My grandmother had one like this.", ("Mine too, that is where it comes from.",)),
    ("That one odd piece makes it.", ("It was a mistake, now it is the point.",)),
    ("Do you sell these?", ("Not yet, you are the third to ask.", "I swap. What do you have?")),
    ("The rhythm of it!", ("I sew to music, it shows.",)),
)

_FLOWER: Talk = (
    ("I counted the spirals. You are right.", ("34 and 55?", "Everyone counts, I love it.")),
    ("Showing this to my class tomorrow.", ("Tell me what they say!",)),
    ("It looks like it is turning.", ("Look away for a moment.", "That is the golden angle for you.")),
    ("What variety is this?", ("A dahlia that lost its label.", "No idea, it came with the garden.")),
    ("How is the garden this year?", ("Loud. Bees everywhere.", "Ask the snails.")),
    ("Hypnotic.", ("Sorry about your afternoon.",)),
)

_CITY: Talk = (
    ("Which bridge is this from?", ("The old one, north side.", "The footbridge by the market.")),
    ("I used to live behind one of those windows.", ("Which one? I'll wave.", "No way, which street?")),
    ("Somebody is working late on the top floor.", ("Every night. I worry about them.",)),
    ("The reflection is the better half.", ("Told you, best seat in town.",)),
    ("Makes me miss home.", ("It misses you too.", "Come back for a weekend.")),
    ("And then you missed the bus again?", ("Twice.", "Obviously.")),
)

COMMENTS: dict[str, Talk] = {
    "hills": _LAND + _ANYWHERE,
    "lake": _LAND + _ANYWHERE,
    "moon": _NIGHT + _ANYWHERE,
    "aurora": _NIGHT + _ANYWHERE,
    "waves": _CLOTH + _ANYWHERE,
    "seeds": _FLOWER + _ANYWHERE,
    "blossom": _FLOWER + _ANYWHERE,
}
LAST_WORDS = ("Ha!", "Can't wait.", "Deal.", "You are the best.", "Same here.", "I knew it.", "Noted!")
