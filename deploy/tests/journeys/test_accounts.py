"""Accounts: signing up, logging in, changes, and unique handles (A1 to A7)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from .parallel import at_once
from .person import API, Person, fresh_email, fresh_nickname, fresh_password, fresh_phone
from .responses import ID, TIME, answer, ids, invalid, refusal, unauthorized

ACCOUNT = {"id", "email", "name", "nickname", "phone", "bio", "avatar_url", "created_at", "updated_at"}


def international(phone: str) -> str:
    return "+82" + phone.replace("-", "")[1:]


def test_A1_sign_up_takes_email_real_name_nickname_password_and_phone(web: httpx.Client) -> None:
    jo = Person(web, name="Jo Müller 조", phone=fresh_phone())
    response = jo.sign_up()
    account = answer(response, 201)
    assert set(account) >= ACCOUNT
    assert (account["email"], account["name"], account["nickname"]) == (jo.email, jo.name, jo.nickname)
    assert account["phone"] == international(str(jo.phone))
    assert (account["bio"], account["avatar_url"]) == ("", None)
    assert ID.fullmatch(account["id"])
    assert TIME.fullmatch(account["created_at"]) and account["updated_at"] == account["created_at"]
    assert jo.password not in response.text
    assert {name for name in account if "password" in name} == {"has_password"}


def test_A1_location_of_a_new_account_is_its_profile(web: httpx.Client) -> None:
    jo = Person(web)
    response = jo.sign_up()
    answer(response, 201)
    answer(jo.log_in())
    assert answer(jo.fetch("GET", response.headers["Location"]))["id"] == jo.id


def test_A2_several_accounts_may_have_no_phone(web: httpx.Client) -> None:
    first, second = Person(web), Person(web)
    assert answer(first.sign_up(), 201)["phone"] is None
    assert answer(second.sign_up(), 201)["phone"] is None


def test_A2_null_phone_means_no_phone(web: httpx.Client) -> None:
    body = Person(web).details() | {"phone": None}
    assert answer(web.post(f"{API}/auth/signup", json=body), 201)["phone"] is None


@pytest.mark.parametrize("field", ["email", "name", "nickname", "password"])
def test_A2_all_fields_but_the_phone_are_required(web: httpx.Client, field: str) -> None:
    details = Person(web).details()
    left_out = {name: value for name, value in details.items() if name != field}
    for body in (left_out, details | {field: None}, details | {field: ""}):
        invalid(web.post(f"{API}/auth/signup", json=body), f"/{field}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"), ("email", "a@b@example.com"), ("email", "jo@-example.com"),
        ("email", "x" * 250 + "@example.com"),
        ("name", "n" * 61), ("name", "   "),
        ("nickname", "ab"), ("nickname", "n" * 31), ("nickname", "1234"), ("nickname", "with space"),
        ("nickname", "slash/ed"), ("nickname", "조이조이"), ("nickname", "..__"),
        ("password", "seven77"), ("password", "p" * 129), ("password", "password"), ("password", "12345678"),
        ("phone", "12"), ("phone", "not a phone"), ("phone", "+999123456789"), ("phone", ""),
    ],
)  # fmt: skip
def test_A1_value_outside_its_limits_is_refused_with_its_field(web: httpx.Client, field: str, value: str) -> None:
    body = Person(web).details() | {field: value}
    invalid(web.post(f"{API}/auth/signup", json=body), f"/{field}")


def test_A1_refused_password_is_not_repeated_in_the_response(web: httpx.Client) -> None:
    for password in ("x9-Kq", "x9-Kq" * 30):
        response = Person(web, password=password).sign_up()
        invalid(response, "/password")
        assert "x9-Kq" not in response.text


def test_A1_longest_allowed_values_are_accepted(web: httpx.Client) -> None:
    nickname = fresh_nickname().ljust(28, "x") + "._"
    jo = Person(web, name="n" * 60, nickname=nickname, password=fresh_password().ljust(128, "p"))
    assert answer(jo.sign_up(), 201)["nickname"] == nickname
    answer(jo.log_in())


def test_A3_data_changes_only_with_the_current_password(web: httpx.Client) -> None:
    jo = Person.newcomer(web)
    before = answer(jo.account())
    refusal(jo.change(name="Thief", current_password=fresh_password()), 403, "wrong_password")
    invalid(jo.send("PATCH", "/users/me", json={"name": "Thief"}), "/current_password")
    assert answer(jo.account()) == before


def test_A3_name_nickname_phone_and_bio_can_change(web: httpx.Client) -> None:
    jo = Person.newcomer(web, phone=fresh_phone())
    before, phone = answer(jo.account()), fresh_phone()
    wanted = {"name": "Jo Neu", "nickname": fresh_nickname(), "bio": "b" * 150}
    after = answer(jo.change(**wanted, phone=phone))
    assert wanted.items() <= after.items() and after["phone"] == international(phone)
    assert (after["id"], after["email"], after["created_at"]) == (jo.id, jo.email, before["created_at"])
    assert after["updated_at"] > before["updated_at"]
    assert answer(jo.account()) == after
    answer(jo.log_in(wanted["nickname"]))


def test_A3_omitted_fields_are_unchanged(web: httpx.Client) -> None:
    jo = Person.newcomer(web, phone=fresh_phone())
    before = answer(jo.account())
    after = answer(jo.change(bio="only this"))
    assert before | {"bio": "only this", "updated_at": after["updated_at"]} == after


def test_A3_phone_can_be_removed(web: httpx.Client) -> None:
    jo = Person.newcomer(web, phone=fresh_phone())
    assert answer(jo.change(phone=None))["phone"] is None


def test_A3_email_cannot_be_changed(web: httpx.Client) -> None:
    jo = Person.newcomer(web)
    refusal(jo.change(email=fresh_email()), 422, "immutable_field")
    assert answer(jo.account())["email"] == jo.email


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "n" * 61), ("name", None), ("nickname", "n" * 31), ("nickname", None),
        ("phone", "12"), ("bio", "b" * 151), ("new_password", "short"), ("new_password", "password1"),
    ],
)  # fmt: skip
def test_A3_changes_are_validated(other_user: Person, field: str, value: str | None) -> None:
    before = answer(other_user.account())
    invalid(other_user.change(**{field: value}), f"/{field}")
    assert answer(other_user.account()) == before


def test_A3_new_password_replaces_the_old_and_ends_all_other_sessions(web: httpx.Client) -> None:
    jo = Person.newcomer(web)
    elsewhere, old = jo.elsewhere(), jo.password
    answer(jo.change(new_password=(new := fresh_password())))
    unauthorized(elsewhere.account())
    refusal(elsewhere.refresh(), 401)
    assert answer(jo.account())["id"] == jo.id
    refusal(jo.log_in(), 401, "invalid_credentials")
    jo.password = new
    answer(jo.log_in())
    refusal(jo.change(bio="no", current_password=old), 403, "wrong_password")


def test_A4_login_takes_email_nickname_or_phone_with_the_password(web: httpx.Client) -> None:
    jo = Person.registered(web, phone=fresh_phone())
    phone = str(jo.phone)
    for identifier in (jo.email, jo.nickname, phone, international(phone), phone.replace("-", "")):
        answer(jo.log_in(identifier))
        assert answer(jo.account())["id"] == jo.id


def test_A4_email_and_nickname_are_case_insensitive(web: httpx.Client) -> None:
    jo = Person.registered(web)
    answer(jo.log_in(jo.email.upper()))
    answer(jo.log_in(jo.nickname.upper()))


def test_A4_wrong_password_and_unknown_account_get_the_same_response(web: httpx.Client) -> None:
    jo = Person.registered(web)
    jo.password = fresh_password()
    known = refusal(jo.log_in(), 401, "invalid_credentials")
    for identifier in (fresh_nickname(), fresh_email(), fresh_phone()):
        unknown = refusal(jo.log_in(identifier), 401, "invalid_credentials")
        assert known | {"request_id": unknown["request_id"]} == unknown


def test_A4_repeated_failures_are_throttled(web: httpx.Client) -> None:
    jo = Person.registered(web)
    jo.password = fresh_password()
    failures: list[httpx.Response] = []
    while len(failures) < 30 and (not failures or failures[-1].status_code == 401):
        failures.append(jo.log_in())
    refusal(failures[-1], 429)
    assert len(failures) > 3, "a few mistakes are human"
    assert int(failures[-1].headers["Retry-After"]) > 0


def test_A5_withdrawal_requires_the_password(web: httpx.Client) -> None:
    jo = Person.newcomer(web)
    right, jo.password = jo.password, fresh_password()
    refusal(jo.withdraw(), 403, "wrong_password")
    invalid(jo.send("POST", "/users/me/deletion", json={}), "/current_password")
    assert answer(jo.account())["id"] == jo.id
    jo.password = right
    answer(jo.withdraw(), 202)
    unauthorized(jo.account())


def test_A6_every_profile_is_public(web: httpx.Client) -> None:
    jo, fan = Person.newcomer(web, phone=fresh_phone()), Person.newcomer(web)
    post = jo.posted("for all to see")
    answer(fan.follow(jo.id))
    profile = web.get(f"{API}/users/{jo.id}")
    assert set(answer(profile)) >= {"id", "nickname", "name", "bio", "avatar_url", "created_at"}
    assert jo.email not in profile.text and international(str(jo.phone)) not in profile.text
    assert answer(web.get(f"{API}/posts/{post['id']}"))["caption"] == "for all to see"
    assert ids(web.get(f"{API}/users/{jo.id}/posts")) == [post["id"]]
    assert ids(web.get(f"{API}/users/{jo.id}/followers")) == [fan.id]
    assert ids(web.get(f"{API}/users/{fan.id}/following")) == [jo.id]
    assert answer(web.get(f"{API}/users/{jo.id}/counts"))["followers_count"] == 1


def same_email(taken: Person) -> dict[str, Any]:
    return {"email": taken.email}


def same_nickname(taken: Person) -> dict[str, Any]:
    return {"nickname": taken.nickname}


def same_phone(taken: Person) -> dict[str, Any]:
    return {"phone": taken.phone}


HANDLES = pytest.mark.parametrize(
    ("same", "code"),
    [(same_email, "email_taken"), (same_nickname, "nickname_taken"), (same_phone, "phone_taken")],
)


@HANDLES
def test_A7_taken_handles_are_refused(web: httpx.Client, same: Callable[[Person], dict[str, Any]], code: str) -> None:
    jo = Person.registered(web, phone=fresh_phone())
    refusal(Person(web, **same(jo)).sign_up(), 409, code)


@HANDLES
def test_A7_handles_stay_unique_under_concurrent_sign_ups(
    web: httpx.Client, same: Callable[[Person], dict[str, Any]], code: str
) -> None:
    wanted = same(Person(web, phone=fresh_phone()))
    responses = at_once([Person(web, **wanted).sign_up for _ in range(6)])
    assert sorted(response.status_code for response in responses) == [201] + [409] * 5
    for response in responses:
        if response.status_code == 409:
            refusal(response, 409, code)


def test_A7_other_spelling_is_the_same_handle(web: httpx.Client) -> None:
    jo = Person.registered(web, phone=fresh_phone())
    refusal(Person(web, email=jo.email.upper()).sign_up(), 409, "email_taken")
    refusal(Person(web, phone=international(str(jo.phone))).sign_up(), 409, "phone_taken")
    refusal(Person(web, nickname=jo.nickname.upper()).sign_up(), {409, 422})


def test_A7_handle_of_another_account_cannot_be_taken_by_a_change(web: httpx.Client, other_user: Person) -> None:
    jo = Person.registered(web, phone=fresh_phone())
    before = answer(other_user.account())
    refusal(other_user.change(nickname=jo.nickname), 409, "nickname_taken")
    refusal(other_user.change(phone=jo.phone), 409, "phone_taken")
    assert answer(other_user.account()) == before


def test_A7_concurrent_changes_to_one_nickname_let_only_one_succeed(
    web: httpx.Client,
) -> None:
    people, nickname = [Person.newcomer(web) for _ in range(3)], fresh_nickname()
    responses = at_once([partial(person.change, nickname=nickname) for person in people])
    assert sorted(response.status_code for response in responses) == [200, 409, 409]
