// Makes a database user for an analyst, or brings him up to date, password included. He may find in the visits, the rotas,
// the records of the service desk and the views of the reports, and nowhere else: no customers, names, phones, texts, keys, and not the journal. Run by whoever may
// make users:
//
//     ANALYST_PASSWORD=… mongosh "mongodb://root@db1/admin?replicaSet=rs0" tools/compose/analyst.js
//
// ANALYST_USER names him (analyst), LUNPAI_DATABASE the database (lunpai). init.js of the Compose project runs it too: there,
// without ANALYST_PASSWORD, only what the role may do is brought up to date.

(() => {
  const readable = [
    "visits", "rotas",
    "conversion_daily", "funnel_by_consultant", "funnel_by_channel", "cohorts_weekly", "receptions_daily", "waiting_times",
    "walkouts", "turns_ledger", "fairness_daily",
    "tickets", "projects", "faults", "service_reports", "arbitrations", "watches",
    "tickets_daily", "first_responders", "slips_monthly", "follow_ups_monthly", "faults_monthly",
    "service_discipline", "supervision_monthly",
  ];
  const password = process.env.ANALYST_PASSWORD;
  if (!password && !globalThis.lunpaiAdmin) {
    throw new Error("ANALYST_PASSWORD is not set");
  }
  const name = process.env.ANALYST_USER || "analyst";
  const database = process.env.LUNPAI_DATABASE || "lunpai";
  const target = (globalThis.lunpaiAdmin || db).getSiblingDB(database);

  // put creates a user or role, or brings the one that exists up to date.
  function put(what, id, fields) {
    const exists = [51002, 51003]; // a role, a user of that name
    try {
      target.runCommand({ [`create${what}`]: id, ...fields });
    } catch (error) {
      if (!exists.includes(error.code)) {
        throw error;
      }
      target.runCommand({ [`update${what}`]: id, ...fields });
    }
  }

  put("Role", "lunpai_analyst", {
    privileges: [
      ...readable.map((collection) => ({ resource: { db: database, collection }, actions: ["find", "listIndexes"] })),
      { resource: { db: database, collection: "" }, actions: ["listCollections"] }, // `show collections`: their names, not what is in them
    ],
    roles: [],
  });
  const roles = (target.getUser(name) || { roles: [] }).roles.filter((role) => role.role !== "lunpai_analyst");
  if (password && roles.length > 0) {
    throw new Error(`${name} has other roles already: choose another ANALYST_USER`);
  }
  if (password) {
    put("User", name, { pwd: password, roles: [{ role: "lunpai_analyst", db: database }] });
    print(`${name} may find in ${readable.join(", ")} of ${database}`);
  }
})();
