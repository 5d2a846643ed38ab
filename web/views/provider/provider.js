/** Where a provider sends people back to: logging in, signing up with a nickname, or linking. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Problem, asProblem } from "../../http.js";
import { Entrance } from "../../parts/entrance.js";
import { Field, FormProblem } from "../../parts/field.js";
import { ProofForm } from "../../parts/proof-form.js";
import { toast } from "../../parts/toast.js";
import { go } from "../../router.js";
import { account } from "../../session.js";
import { continuationOf, finish, keep, signUpWith, take, takeAnswer } from "../../sign-in.js";
import { language, t } from "../../words/words.js";

/** @typedef {import("../../sign-in.js").SignIn} SignIn */

/** @param {{params: {provider: string}}} props */
export default function Provider({ params }) {
  const [signIn] = useState(() => take(params.provider));
  const [answer] = useState(takeAnswer);
  const [step, setStep] = useState(/** @type {"wait" | "sign-up" | "code" | "link" | "failed"} */ ("wait"));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const name = signIn?.name ?? params.provider;
  /** @param {unknown} error */
  const refuse = (error) => {
    setProblem(asProblem(error));
    setStep("failed");
  };
  useEffect(() => {
    if (!signIn) return void refuse(new Problem(422, "invalid_state"));
    if (signIn.continuation) return setStep("link");
    if (answer.error) return void refuse(new Problem(401, "sign_in_cancelled"));
    if (!answer.code || answer.state !== signIn.state) return void refuse(new Problem(422, "invalid_state"));
    const body = { code: answer.code, state: answer.state };
    if (signIn.linking) {
      void continuationOf(params.provider, body).then((continuation) => {
        if (!continuation) return refuse(new Problem(409, "identity_taken"));
        signIn.continuation = continuation;
        setStep("link");
      }, refuse);
      return;
    }
    void finish(params.provider, body).then(() => leaveTo(signIn), (error) => {
      const refusal = asProblem(error);
      if (refusal.continuation) signIn.continuation = refusal.continuation;
      setProblem(refusal);
      if (refusal.code === "sign_up_required") setStep("sign-up");
      else if (refusal.code === "second_factor_required") setStep("code");
      else setStep("failed");
    });
  }, []);
  const logInFirst = () => {
    if (signIn) keep({ ...signIn, next: "/settings/identities" });
    void go(`/login?next=${encodeURIComponent(`/login/${params.provider}`)}`);
  };
  return h(Entrance, { title: t("provider.title", { name }) }, html`
    ${step === "wait" && html`<p role="status">${t("provider.wait")}</p>`}
    ${step === "sign-up" && signIn && h(SignUpForm, { signIn, suggested: problem })}
    ${step === "code" && signIn && h(CodeForm, { signIn })}
    ${step === "link" && signIn && h(LinkForm, { signIn, name })}
    ${step === "failed" && html`
      ${h(FormProblem, { problem, fields: [] })}
      ${problem?.code === "link_required"
        ? html`<button type="button" class="button button-large" onClick=${logInFirst}>${t("login")}</button>`
        : html`<p><a href=${signIn?.linking ? "/settings/identities" : "/login"}>${t("provider.back")}</a></p>`}`}`);
}

/** @param {{signIn: SignIn, suggested: Problem | null}} props */
function SignUpForm({ signIn, suggested }) {
  const asksForEmail = !suggested?.email;
  const [given, setGiven] = useState({ nickname: "", name: suggested?.name_at_provider ?? "", email: "", invitation: "" });
  const [mode, setMode] = useState(/** @type {SignUpMode["mode"]} */ ("open"));
  useEffect(() => void api.signUpMode().then((found) => setMode(found.mode), () => {}), []);
  const { problem, busy, run } = useAttempt();
  /** @param {keyof typeof given} name */
  const field = (name) => ({
    name, label: t(`account.${name}`), value: given[name], problem, required: true,
    onInput: /** @param {string} value */ (value) => setGiven((before) => ({ ...before, [name]: value })),
  });
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    const { nickname, name, email, invitation } = given;
    const address = asksForEmail ? { email: email.trim() } : {};
    const body = { continuation: signIn.continuation, nickname: nickname.trim(), name, language: language.value, invitation: invitation.trim() || null, ...address };
    return run(() => signUpWith(signIn.provider, body).then(() => leaveTo(signIn)));
  };
  return html`
    <p>${t("provider.new")}</p>
    <form class="form" onSubmit=${submit}>
      ${h(Field, { ...field("nickname"), autocomplete: "username", minlength: 3, maxlength: 30, hint: t("account.nickname.hint"), focused: true })}
      ${h(Field, { ...field("name"), autocomplete: "name", maxlength: 60 })}
      ${asksForEmail && h(Field, { ...field("email"), type: "email", autocomplete: "email", maxlength: 254 })}
      ${mode === "invitation" && h(Field, { ...field("invitation"), label: t("invitation.field"), autocomplete: "off", maxlength: 64 })}
      ${h(FormProblem, { problem, fields: ["nickname", "name", "email", "invitation"] })}
      <button class="button button-large" disabled=${busy}>${t("signup")}</button>
    </form>`;
}

/** @param {{signIn: SignIn}} props */
function CodeForm({ signIn }) {
  const [otp, setOtp] = useState("");
  const { problem, busy, run } = useAttempt();
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    const body = { continuation: signIn.continuation, otp: otp.trim() };
    return run(() => finish(signIn.provider, body).then(() => leaveTo(signIn)));
  };
  return html`
    <form class="form" onSubmit=${submit}>
      ${h(Field, { label: t("login.otp"), name: "otp", value: otp, onInput: setOtp, required: true, autocomplete: "one-time-code", maxlength: 32, hint: t("login.otp.hint"), focused: true })}
      ${h(FormProblem, { problem, fields: [] })}
      <button class="button button-large" disabled=${busy}>${t("login")}</button>
    </form>`;
}

/** @param {{signIn: SignIn, name: string}} props */
function LinkForm({ signIn, name }) {
  if (!account.value) return html`<p><a href="/login">${t("login")}</a></p>`;
  /** @param {Proof} proof */
  const link = async (proof) => {
    await api.linkIdentity(signIn.provider, signIn.continuation ?? "", proof);
    toast(t("identities.linked", { name }));
    await go("/settings/identities", { replace: true });
  };
  return html`<p>${t("provider.link", { name, nickname: account.value.nickname })}</p>
    ${h(ProofForm, { act: t("identities.link"), submit: link })}`;
}

/** A request of a form: whether it runs, and why it was refused. */
function useAttempt() {
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  /** @param {() => Promise<unknown>} request */
  const run = async (request) => {
    setBusy(true);
    setProblem(null);
    try {
      await request();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return { problem, busy, run };
}

/** @param {SignIn} signIn */
const leaveTo = (signIn) => go(/^\/(?![/\\])/.test(signIn.next) ? signIn.next : "/", { replace: true });
