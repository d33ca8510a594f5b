import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Token } from "../api/client";
import { projectsQuery, tokensQuery } from "../api/queries";
import { ChoiceField, Dialog, Form, TextField } from "../parts/form";
import { Listing } from "../parts/listing";

const ROLES = [
  ["viewer", "viewer: sees a project"],
  ["member", "member: changes a project"],
  ["admin", "admin: everything, in all projects"],
] as const;
const DAY_S = 86_400;
const LIFETIMES = [
  ["", "until it is revoked"],
  [String(DAY_S), "a day"],
  [String(30 * DAY_S), "30 days"],
  [String(365 * DAY_S), "a year"],
] as const;

const when = (at: string | null, otherwise: string) =>
  at === null ? otherwise : new Date(at).toLocaleString();

/** What people and programs log in with. */
export default function TokensPage() {
  const client = useQueryClient();
  const tokens = useQuery(tokensQuery).data ?? [];
  const fresh = () => client.invalidateQueries({ queryKey: ["tokens"] });
  return (
    <Listing<Token>
      title="Tokens"
      noun="token"
      intro="What people and programs log in with. Only their hashes are stored: a token is shown once."
      rows={tokens}
      nameOf={(one) => one.name}
      mayChange
      changeable={false}
      deletion={{ verb: "Revoke", warning: "Who uses it is logged out at once, browsers too." }}
      columns={[
        { header: "Token", accessorKey: "name" },
        { header: "Role", accessorKey: "role" },
        { header: "Project", accessorFn: (one) => one.project ?? "all" },
        { header: "Made", accessorFn: (one) => when(one.created_at, "at the start") },
        { header: "Ends", accessorFn: (one) => when(one.expires_at, "when it is revoked") },
      ]}
      empty={<p>There is no token.</p>}
      dialog={(_, onClose) => <TokenDialog onMade={fresh} onClose={onClose} />}
      remove={async (one) => {
        await api.DELETE("/api/v1/tokens/{name}", { params: { path: { name: one.name } } });
        await fresh();
      }}
    />
  );
}

function TokenDialog({ onMade, onClose }: { onMade: () => Promise<void>; onClose: () => void }) {
  const projects = useQuery(projectsQuery).data ?? [];
  const [name, setName] = useState("");
  const [role, setRole] = useState<(typeof ROLES)[number][0]>("viewer");
  const [picked, setPicked] = useState("");
  const [ttl, setTtl] = useState("");
  const [secret, setSecret] = useState<string | null>(null);
  const project = picked || (projects[0]?.name ?? "");
  const send = async () => {
    const made = await body(
      api.POST("/api/v1/tokens", {
        body: {
          name: name === "" ? null : name,
          role,
          project: role === "admin" ? null : project,
          ttl_s: ttl === "" ? null : Number(ttl),
        },
      }),
    );
    setSecret(made.token);
    await onMade();
  };
  return (
    <Dialog title="New token" onClose={onClose}>
      {secret === null ? (
        <Form action="Create" onDone={() => {}} send={send}>
          {(problem) => (
            <>
              <TextField
                label="Name"
                name="name"
                problem={problem}
                hint="Stands in the change log; of a person or a program"
                value={name}
                onChange={setName}
              />
              <ChoiceField
                label="Role"
                name="role"
                problem={problem}
                value={role}
                onChange={(value) => setRole(ROLES.find(([one]) => one === value)?.[0] ?? "viewer")}
                options={ROLES}
              />
              {role !== "admin" && (
                <ChoiceField
                  label="Project"
                  name="project"
                  problem={problem}
                  value={project}
                  onChange={setPicked}
                  options={projects.map((one) => [one.name, one.name] as const)}
                />
              )}
              <ChoiceField
                label="Good for"
                name="ttl_s"
                problem={problem}
                value={ttl}
                onChange={setTtl}
                options={LIFETIMES}
              />
            </>
          )}
        </Form>
      ) : (
        <>
          <p>This is the token. It is not shown again:</p>
          <pre>{secret}</pre>
        </>
      )}
    </Dialog>
  );
}
