/** What runs behind the views, once the first one is there: the socket, the outbox, the service worker. */

import { startSocket } from "./socket.js";
import { startOutbox } from "./state/outbox.js";
import { installWorker } from "./worker-client.js";

startSocket();
startOutbox();
installWorker();
