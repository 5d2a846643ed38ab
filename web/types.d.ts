/** Names for what the interface answers, everywhere without an import. `openapi.d.ts` is generated. */

import type { components } from "./openapi.js";

type Schemas = components["schemas"];

declare global {
  type Account = Schemas["Account"];
  type AccountEvent = Schemas["Event"];
  type ChangeAccount = Schemas["ChangeAccount"];
  type Counts = Schemas["Counts"];
  type Like = Schemas["Like"];
  type Media = Schemas["Media"];
  type Message = Schemas["Message"];
  type NewMessage = Schemas["NewMessage"];
  type Post = Schemas["Post"];
  type PostComment = Schemas["Comment"];
  type Profile = Schemas["Profile"];
  type Relation = Schemas["Relation"];
  type Room = Schemas["Room"];
  type Session = Schemas["Session"];
  type SignUp = Schemas["SignUp"];
  type Tokens = Schemas["Tokens"];
  type UserRef = Schemas["UserRef"];

  interface Page<T> {
    items: T[];
    next_cursor: string | null;
  }
}
