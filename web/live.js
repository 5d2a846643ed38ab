/** What runs behind the views, once the first one is there: the socket, the outbox, the rest of the words. */

import { startSocket } from "./socket.js";
import { startOutbox } from "./state/outbox.js";
import { speakOfProblems } from "./words/words.js";
import { installWorker } from "./worker-client.js";

startSocket();
startOutbox();
speakOfProblems().catch(() => {});
installWorker();
