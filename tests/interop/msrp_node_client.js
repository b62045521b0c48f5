// One end of an MSRP session, by msrp-node-lib: node msrp_node_client.js HOST PORT SETUP
// Orders come as lines of JSON: {"offer": true}, {"remote": SDP}, {"send": TEXT}; what happens goes out as such.
const [host, port, setup] = process.argv.slice(2);
const quiet = Object.fromEntries(["debug", "info", "warn", "error"].map((level) => [level, () => {}]));
const msrp = require(process.env.IMSEDGE_MSRP_NODE_LIB || "msrp-node-lib")(
  { host, port: Number(port), setup, forceSetup: true, acceptTypes: "text/plain", sessionName: "judge",
    enableHeartbeats: false, socketConnectTimeout: 10000 },
  quiet,
);
const tell = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const session = msrp.SessionController.createSession();
session.on("socketSet", () => tell({ connected: true }));
session.on("message", (message) => tell({ message: message.body, from: message.fromPath, to: message.toPath }));
session.on("response", (response) => tell({ response: response.status }));
session.on("reportReceived", (report) => tell({ report: report.messageId }));
session.on("socketClose", () => tell({ closed: true }));
const fail = (reason) => tell({ failed: String(reason) });
const orders = {
  offer: () => session.getDescription((sdp) => tell({ sdp }), fail),
  remote: (sdp) => session.setDescription(sdp, () => tell({ understood: true }), fail),
  send: (text) => session.sendMessage(text, (_, error) => tell(error ? { failed: String(error) } : { sent: true })),
};
msrp.Server.start(() => tell({ listening: true }));
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  for (const [order, value] of Object.entries(JSON.parse(line))) orders[order](value);
}).on("close", () => process.exit(0));
