"""Texts of all sorts, and stories as long as need be."""

SCENES = (
    "The harbour at {place} woke before {name} did, and the gulls knew it.",
    "Nobody had told {name} that the ferry to {place} ran only on Thursdays!",
    "{name} paid {number}.50 for a ticket, folded the receipt, and sat by the window.",
    "Was the lighthouse of {place} still manned, or had they automated it {number} years ago?",
    "{name}'s neighbour on the bench was peeling an orange, quite slowly.",
    '"You won\'t need a map of {place}," he said; "there\'s one road and it\'s a circle, {name}."',
    "Rain came sideways for {number} minutes, then stopped as if {place} had paid for it.",
    "By noon the well-known cliffs were so bright that they hurt {name}'s eyes.",
)
CHAPTERS = (("Miriam", "Ardglass", 14), ("Tomasz", "Split", 31), ("Aroha", "Kaikoura", 7))


def story(*chapters: tuple[str, str, int], scenes: tuple[str, ...] = SCENES) -> str:
    """Varied sentences, none of them twice: equal sentences would be equal windows, and so equal leaders."""
    return " ".join(
        scene.format(name=name, place=place, number=number)
        for name, place, number in chapters
        for scene in scenes
    )


# No pair of these hangs on words whose attention is within float noise of each other's (3e-5), unless they
# share their only wordpiece, as emoji do: then it is the same number, and the first word leads.
ARTICLE_TEXTS = (
    "I want an apple.",
    "I want an orange.",
    "I want an adventure.",
    "The quick brown fox jumps over the lazy dog.",
    "Where is the nearest mailbox?",
    "We're going to send her a card. Where is the nearest mailbox?",
    "I can't believe they'd've said that; it isn't what you're used to.",
    "Y'all shouldn't, mustn't and won't go.",
    "rock'n'roll ain't dead, 'cause it's o'clock somewhere",
    "A state-of-the-art, well-thought-out mother-in-law suite.",
    "Pre- and post-war re-election e-mails -- or so - they say.",
    "It cost $1,234.56 on 2023-11-05 at 17:45, about 3.5% more than in Q4.",
    "Call +44 20 7946 0958 ext. 12, or 0x1F times 6.02e23.",
    "1 2 3 4 5",
    "See https://example.org/a/b?c=d&e=f#g and http://localhost:8080/index.html for more.",
    "www.example.com",
    "Write to jane.doe+spam@mail.example.co.uk or bob_smith@example.org today.",
    "Great job 😀👍🏽 see you 🇫🇷 soon ❤️",
    "👨‍👩‍👧‍👦 family trip 🚀🚀🚀",
    "😀",
    "我想要一个苹果。",
    "今日は天気がいいですね、散歩に行きましょう。",
    "나는 사과를 먹고 싶다.",
    "أريد تفاحة واحدة من السوق.",
    "אני רוצה תפוח אחד.",
    "Я хочу яблоко, а ты — апельсин.",
    "ฉันอยากได้แอปเปิ้ลหนึ่งลูก",
    "मुझे एक सेब चाहिए।",
    "Θέλω ένα κόκκινο μήλο, παρακαλώ.",
    "The word 苹果 means apple, and яблоко means apple too.",
    "Crème brûlée at the café naïve, déjà vu!",
    "cafe\u0301 written with a combining accent, re\u0301sume\u0301",
    "Straße, Ærøskøbing and İstanbul are spelled so.",
    "\"Quoted,\" she said, 'and nested “curly” quotes' — «guillemets» too.",
    "(parentheses [and {nested} brackets] too)",
    "Wait... what?! No way!!!",
    "runs   of    spaces     between   words",
    "   leading spaces",
    "trailing spaces   ",
    "  both   sides  ",
    "line one\nline two\n\nline four",
    "tab\tseparated\tvalues\there",
    "\n\tmixed \r\n white\u00a0space \u3000 here\n",
    "zero\u200bwidth and \u200b alone",
    "soft\u00adhyphen and \ufeff marks",
    "Hello",
    "Hello!",
    "antidisestablishmentarianism",
    "x",
    ".",
    "?! ... -- ,,, ()",
    "",
    " ",
    " \n\t ",
    "one two",
    "the the the the",
    "Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo.",
    "SHOUTING IN CAPITALS IS RUDE, MixedCase iPhone McDonald.",
    "#hashtag @mention & ampersand, 50% off/on, a+b=c, x_y, C++ and C#",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "First sentence. Second one! Is this the third? ... !!! Fourth.",
    "!!! ... !!! Words come late here. ???",
    "No full stop at the end. and a lower-case start",
    "Dr. Smith met Mr. Jones at 5 p.m. in St. Louis, U.S.A.",
    "The [MASK] token, a [SEP] in the text and [UNK] too.",
    "hello [PAD] world",
    "I saw the man with the telescope on the hill while the dog that chased the cat barked at the moon.",
    "Keep the lamp lit: whoever comes up the path tonight will be cold, 'tis certain.",
    "Pneumonoultramicroscopicsilicovolcanoconiosis frightens hippopotomonstrosesquippedaliophobics.",
    story(CHAPTERS[0]),
    story(*CHAPTERS[:2]),
    "\n\n".join(story(chapter, scenes=SCENES[:5]) for chapter in CHAPTERS) + " In short: I don't know why.",
    story(*CHAPTERS[1:]).replace(". ", " ").replace("! ", " ").replace("? ", " ").lower(),
)
