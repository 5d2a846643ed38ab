/** Names for what the interface answers, everywhere without an import. `openapi.d.ts` is generated. */

import type { components } from "./openapi.js";

type Schemas = components["schemas"];

declare global {
  type Account = Schemas["Account"];
  type AccountEvent = Schemas["Event"];
  /** The DOM has a `Notification`. */
  type AppNotification = Schemas["Notification"];
  type ChangeAccount = Schemas["ChangeAccount"];
  type CommentLike = Schemas["CommentLike"];
  type Counts = Schemas["Counts"];
  type CreatedInvitation = Schemas["CreatedInvitation"];
  type Export = Schemas["Export"];
  type Identity = Schemas["Identity"];
  type InvitationState = Schemas["InvitationState"];
  type Like = Schemas["Like"];
  type LogEntry = Schemas["LogEntry"];
  type Media = Schemas["Media"];
  type Message = Schemas["Message"];
  type ModeratedAccount = Schemas["ModeratedAccount"];
  type ModeratedReport = Schemas["ModeratedReport"];
  type MessageSettings = Schemas["MessageSettings"];
  type NewMessage = Schemas["NewMessage"];
  type NewReport = Schemas["NewReport"];
  type NotificationSettings = Schemas["NotificationSettings"];
  type Passkey = Schemas["Passkey"];
  type Post = Schemas["Post"];
  type PostComment = Schemas["Comment"];
  type Profile = Schemas["Profile"];
  type Proof = { current_password: string } | { passkey: any };
  type Relation = Schemas["Relation"];
  type ReportChange = Pick<Schemas["ReportChange"], "state"> & Partial<Schemas["ReportChange"]>;
  type ReportedMessage = Schemas["ReportedMessage"];
  type Room = Schemas["Room"];
  type Save = Schemas["Save"];
  type SentReport = Schemas["Report"];
  type Session = Schemas["Session"];
  type SignInProvider = Schemas["Provider"];
  type TotpSecret = Schemas["TotpSecret"];
  type RecoveryCodes = Schemas["RecoveryCodes"];
  type SignUp = Schemas["SignUp"];
  type SignUpMode = Schemas["SignUpMode"];
  type Tokens = Schemas["Tokens"];
  type UserRef = Schemas["UserRef"];

  interface Page<T> {
    items: T[];
    next_cursor: string | null;
  }
}
