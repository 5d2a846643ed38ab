"""The main features from signing up to deleting the account, only with the pages."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Route

from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import Person, fresh_email, fresh_nickname, fresh_password
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser


def file(name: str = "photo.jpg", form: str = "JPEG") -> FilePayload:
    return {"name": name, "mimeType": f"image/{form.lower()}", "buffer": picture(form, (320, 240))}


def test_sign_up_shows_the_error_of_a_field(opened: Opened, newcomer: Callable[..., Person]) -> None:
    window, taken = opened(), newcomer()
    window.expect_status(409, 422)
    window.open("/")
    window.link("Sign up").click()
    window.field("Email").fill(fresh_email())
    window.field("Name").fill("Ada Lovelace")
    window.field("Nickname").fill(taken.nickname)
    expect(window.field("Password")).to_have_attribute("type", "password")
    window.field("Password").fill("password")
    window.button("Sign up").click()
    expect(window.page.get_by_text("none of the common ones").first).to_be_visible()
    expect(window.field("Password")).to_have_attribute("aria-invalid", "true")
    window.field("Password").fill(fresh_password())
    window.button("Sign up").click()
    expect(window.page.get_by_text("This nickname is taken.")).to_be_visible()
    window.field("Nickname").fill(fresh_nickname())
    window.button("Sign up").click()
    expect(window.heading("Your feed is still empty")).to_be_visible()


def test_post_with_several_photos_is_created_liked_commented_edited_and_deleted(
    opened: Opened, newcomer: Callable[..., Person]
) -> None:
    window, person = opened(), newcomer(name="Ada Lovelace")
    window.log_in(person)
    publish(window)
    page = window.page
    expect(window.heading("Post by Ada Lovelace")).to_be_visible()
    expect(page.get_by_alt_text("A blue harbour")).to_be_visible()
    expect(page.get_by_text("Two harbours", exact=True)).to_be_visible()

    window.button("Next photo").click()
    expect(page.get_by_text("2 / 2")).to_be_visible()
    window.button("Like").click()
    expect(window.button("Like")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("1 like", exact=True)).to_be_visible()

    window.field("Write a comment").fill("First")
    page.keyboard.press("Enter")
    comment = page.locator(".comment-thread").filter(has_text="First")
    expect(window.button("Reply", comment)).to_be_visible()
    window.button("Reply", comment).click()
    window.field("Write a comment").fill("An answer")
    page.keyboard.press("Enter")
    expect(comment.get_by_text("An answer")).to_be_visible()
    expect(window.button("Reply", comment)).to_have_count(2)
    window.menu("More about this comment", "Edit", comment)
    window.field("Edit comment").fill("First of all")
    with page.expect_response("**/comments/*"):  # the text changes before it, and a reload would cancel the request
        page.keyboard.press("Enter")
    expect(page.get_by_text("First of all")).to_be_visible()
    page.reload()
    expect(page.get_by_text("First of all")).to_be_visible()
    window.button("Show 1 reply").click()
    expect(page.get_by_text("An answer")).to_be_visible()
    window.menu("More about this comment", "Delete", page.locator(".comment-thread"))
    window.confirm("Delete")
    expect(page.get_by_text("This comment was deleted.")).to_be_visible()
    expect(page.get_by_text("An answer")).to_be_visible()

    page.locator("a.post-likes").click()
    expect(window.heading("Likes")).to_be_visible()
    expect(page.locator("main").get_by_text("Ada Lovelace")).to_be_visible()
    page.go_back()
    window.menu("More about this post", "Edit")
    expect(window.field("Caption")).to_have_value("Two harbours")
    window.button("Move photo 2 up").click()
    window.field("Caption").fill("Two harbours, the other way round")
    window.button("Save").click()
    expect(page.get_by_text("the other way round")).to_be_visible()

    window.menu("More about this post", "Delete")
    window.confirm("Delete")
    expect(window.heading("No posts yet")).to_be_visible()


def publish(window: Window) -> None:
    """Two photos with descriptions, the second moved to the front."""
    page = window.page
    window.link("New post").click()
    page.set_input_files("input[type=file]", [file("red.jpg"), file("blue.png", "PNG")])
    window.field("Describe photo 1").fill("A red harbour")
    window.field("Describe photo 2").fill("A blue harbour")
    window.button("Move photo 2 up").click()
    expect(window.field("Describe photo 1")).to_have_value("A blue harbour")
    window.button("Next").click()
    window.field("Caption").fill("Two harbours")
    expect(page.get_by_role("img", name="Sent")).to_have_count(2)
    window.button("Share").click()
    page.wait_for_url(re.compile(r"/p/"))


def test_people_can_be_found_and_followed_and_appear_in_the_feed(
    opened: Opened, newcomer: Callable[..., Person]
) -> None:
    other, person = newcomer(name="Zoe Quill"), newcomer()
    for number in range(3):
        other.posted(f"number {number}")
    window = opened()
    window.log_in(person)
    window.link("Search").click()
    window.field("Name or nickname").fill(other.nickname)
    window.page.locator(f"main a[href='/@{other.nickname}']").click()
    expect(window.heading("Zoe Quill")).to_be_visible()
    expect(window.page.locator(".grid-cell")).to_have_count(3)
    with window.page.expect_response("**/follow"):  # shown before, but not in the list of followers
        window.button("Follow Zoe Quill").click()
    expect(window.page.get_by_text("1 follower", exact=False)).to_be_visible()
    window.page.get_by_role("link", name=re.compile("follower")).click()
    expect(window.page.locator("main").get_by_text(f"@{person.nickname}")).to_be_visible()
    window.link("Home").click()
    expect(window.page.locator(".post-card")).to_have_count(3)
    expect(window.page.get_by_text("number 2", exact=True)).to_be_visible()


def test_profile_names_followers_that_one_follows(opened: Opened, newcomer: Callable[..., Person]) -> None:
    other, person, *friends = newcomer(name="Zoe Quill"), newcomer(), newcomer(name="Ann"), newcomer(name="밥")
    for friend in friends:
        answer(friend.follow(other.id))
        answer(person.follow(friend.id))
    window = opened()
    window.log_in(person, f"/login?next=/@{other.nickname}")
    expect(window.page.get_by_text("Followed by 밥, Ann")).to_be_visible()


def test_follow_is_counted_though_the_counts_arrive_after_it(opened: Opened, newcomer: Callable[..., Person]) -> None:
    other, held = newcomer(name="Zoe Quill"), list[Route]()
    window = opened()
    window.log_in(newcomer())
    window.page.route("**/counts", lambda route: route.continue_() if held else held.append(route))
    window.open(f"/@{other.nickname}")
    window.button("Follow Zoe Quill").click()
    expect(window.page.get_by_text("1 follower", exact=False)).to_be_visible()
    held[0].fulfill(json={"followers_count": 0, "following_count": 0})
    expect(window.button("Following Zoe Quill")).to_be_visible()
    expect(window.page.get_by_text("1 follower", exact=False)).to_be_visible()


def test_profile_avatar_and_password_can_be_changed_and_sessions_ended(
    opened: Opened, newcomer: Callable[..., Person]
) -> None:
    person = newcomer(name="Ada Lovelace")
    person.elsewhere()
    window = opened()
    window.expect_status(403)
    window.log_in(person, "/login?next=/settings")
    page = window.page
    expect(window.heading("Settings")).to_be_visible()
    page.set_input_files("input[type=file]", file())
    window.says("Picture changed.")
    expect(page.locator(".avatar-form .avatar img")).to_be_visible()

    window.field("Name").fill("Ada King")
    window.field("Current password").fill("not the password")
    window.button("Save").click()
    expect(page.get_by_text("The current password is wrong.")).to_be_visible()
    window.field("Current password").fill(person.password)
    window.button("Save").click()
    window.says("Saved.")

    fresh = fresh_password()
    window.field("Current password").fill(person.password)
    window.field("New password").fill(fresh)
    window.button("Change password").click()
    window.says("Password changed.")

    window.link("Account activity").click()
    expect(page.get_by_text("Password changed", exact=True)).to_be_visible()
    expect(page.get_by_text("A wrong current password", exact=True)).to_be_visible()
    window.button("Back").click()
    person.password = fresh
    person.elsewhere()
    window.link("Sessions").click()
    expect(page.locator("li.row")).to_have_count(2)
    window.button("End all others").click()
    window.confirm("End all others")
    expect(page.locator("li.row")).to_have_count(1)


def test_account_deletion_explains_its_effects_first(opened: Opened, newcomer: Callable[..., Person]) -> None:
    person = newcomer()
    post = person.posted("soon gone")
    window = opened()
    window.expect_status(401, 404)
    window.expected.append("WebSocket")
    window.log_in(person, "/login?next=/settings/deletion")
    expect(window.page.get_by_text("cannot be undone")).to_be_visible()
    act = window.button("Delete my account")
    window.field("Current password").fill(person.password)
    expect(act).to_be_disabled()
    window.page.get_by_role("checkbox").check()
    act.click()
    expect(window.page).to_have_url(re.compile(r"//[^/]*/$"))  # not the login, as when a session has ended
    expect(window.link("Sign up")).to_be_visible()
    window.open("/login")
    window.field("Email, nickname or phone").fill(person.nickname)
    window.field("Password").fill(person.password)
    window.button("Log in").click()
    expect(window.page.get_by_text("The name or the password is wrong.")).to_be_visible()
    window.open(f"/p/{post['id']}")
    expect(window.heading("This post is gone")).to_be_visible()
