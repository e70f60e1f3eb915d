// Prepares the MongoDB of docker-compose.yml, run by mongosh without a connection (--nodb): initiates the replica set,
// makes the administrator, gives lunpai a user that can do what the service does and no more, and, when ANALYST_PASSWORD is
// set, an analyst one that can read what analysts read and no more. It may run again at any time: what exists is brought up to
// date, passwords included.
//
// Until the first user exists MongoDB lets a client on its own loopback interface make one. That is why the service
// mongo-init shares the network of the service mongo.

const rootPassword = required("MONGO_ROOT_PASSWORD");
const lunpaiPassword = required("LUNPAI_MONGO_PASSWORD");
const host = process.env.MONGO_HOST || "127.0.0.1:27017"; // where this script finds the server
const member = process.env.MONGO_MEMBER || "mongo:27017"; // how clients find it
const database = "lunpai";

// Every collection that the service changes, except the journal. A collection that is not named here can be read only.
const collections = [
  "visits", "rotas", "customers", "sites", "staff", "calls", "messages", "approvals", "disputes", "rulings", "conduct",
  "checklists", "cards", "vacancies", "keys", "appointments", "notices", "service_desks",
  "tickets", "projects", "faults", "service_reports", "arbitrations", "watches", "people", "notes", "api_keys",
  "sessions", "pairings", "pins", "marks", "meta", "owners",
];

// The views that the service makes (repo/mongostore/views.go).
const views = [
  "conversion_daily", "funnel_by_consultant", "funnel_by_channel", "cohorts_weekly", "receptions_daily", "waiting_times",
  "walkouts", "turns_ledger", "fairness_daily",
  "tickets_daily", "first_responders", "slips_monthly", "follow_ups_monthly", "faults_monthly",
  "service_discipline", "supervision_monthly",
];

function required(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set`);
  }
  return value;
}

// retry calls f until it returns: the server is still starting, or no primary is elected yet.
function retry(what, f) {
  for (let tries = 1; ; tries++) {
    try {
      const result = f(); // mongosh waits for it here; `return f()` would leave the try block first
      return result;
    } catch (error) {
      if (tries === 60) {
        throw new Error(`${what}: ${error.message}`);
      }
      sleep(1000);
    }
  }
}

// connect opens the server's admin database, as the administrator once there is one.
function connectAdmin() {
  const uri = `mongodb://${host}/admin?directConnection=true`;
  const plain = connect(uri);
  try {
    plain.auth("root", rootPassword);
  } catch (error) {
    const authenticationFailed = 18;
    if (error.code !== authenticationFailed) {
      throw error;
    }
    print("no administrator with this password yet");
  }
  return plain;
}

function initiate(admin) {
  const unauthorized = 13, alreadyInitialized = 23;
  try {
    admin.runCommand({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: member }] } });
    print(`replica set rs0 initiated on ${member}`);
  } catch (error) {
    if (error.code === unauthorized) {
      throw new Error("MONGO_ROOT_PASSWORD is not the password of the administrator, who exists already");
    }
    if (error.code !== alreadyInitialized) {
      throw error;
    }
  }
  retry("wait for the primary", () => {
    if (!admin.runCommand({ hello: 1 }).isWritablePrimary) {
      throw new Error("not primary");
    }
  });
}

// put creates a user or role, or brings the one that exists up to date.
function put(db, create, update, name, fields) {
  const exists = [51002, 51003]; // a role, a user of that name
  try {
    db.runCommand({ [create]: name, ...fields });
    print(`${create} ${name}`);
  } catch (error) {
    if (!exists.includes(error.code)) {
      throw error;
    }
    db.runCommand({ [update]: name, ...fields });
    print(`${update} ${name}`);
  }
}

const resource = (collection) => ({ db: database, collection });

// What lunpai may do. The journal is append-only by right, not by good manners: no update, no remove, no drop, no
// renaming, no collMod. MongoDB adds up what is granted, so nothing of that may be granted for the whole database,
// where "" would take the journal in.
//
// One gap remains: createIndex, which the service needs on the journal at its first start, can also make an index that
// lets documents expire. Whoever uses it so breaks the chain of pages, and that every reader notices.
const privileges = [
  {
    resource: resource(""),
    actions: ["find", "createCollection", "listCollections", "listIndexes", "collStats", "dbStats"],
  },
  { resource: resource("journal"), actions: ["insert", "createIndex"] },
  ...collections.map((name) => ({
    resource: resource(name),
    actions: ["insert", "update", "remove", "createIndex", "dropIndex", "collMod"],
  })),
  ...views.map((name) => ({ resource: resource(name), actions: ["collMod"] })),
];

const admin = retry(`connect to ${host}`, connectAdmin);
initiate(admin);
put(admin, "createUser", "updateUser", "root", { pwd: rootPassword, roles: ["root"] });
admin.auth("root", rootPassword);

const db = admin.getSiblingDB(database);
put(db, "createRole", "updateRole", "lunpai_service", { privileges, roles: [] });
put(db, "createUser", "updateUser", "lunpai", { pwd: lunpaiPassword, roles: ["lunpai_service"] });
globalThis.lunpaiAdmin = admin;
load(`${__dirname}/analyst.js`);
print("ready");
