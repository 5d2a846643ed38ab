/** The profile at a nickname. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../api.js";
import { asProblem } from "../http.js";

const MOST = 200;
/** @type {Map<string, Profile>} */
const known = new Map();

/** @param {string} nickname */
export function useProfile(nickname) {
  const [profile, setProfile] = useState(known.get(nickname) ?? null);
  const [problem, setProblem] = useState(/** @type {import("../http.js").Problem | null} */ (null));
  const load = () => {
    setProblem(null);
    api.profile(nickname).then((found) => {
      if (known.size >= MOST) known.clear();
      known.set(nickname, found);
      setProfile(found);
    }, (error) => setProblem(asProblem(error)));
  };
  useEffect(load, [nickname]);
  return { profile, problem, load };
}
