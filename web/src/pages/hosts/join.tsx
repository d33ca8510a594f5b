// The command with which a host joins.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Host } from "../../api/client";
import { projectsQuery } from "../../api/queries";
import { ChoiceField, Dialog, Form, TextField } from "../../parts/form";

interface JoinProps {
  /** A host that is known already and is to join, or to join anew; null names one. */
  known: Host | null;
  onClose: () => void;
}

export function JoinDialog({ known, onClose }: JoinProps) {
  const projects = useQuery(projectsQuery).data ?? [];
  const [name, setName] = useState(known?.name ?? "");
  const [project, setProject] = useState("default");
  const projectsOf = known === null ? [project] : known.projects;
  const [command, setCommand] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  const send = async () => {
    const said = { host: name, projects: projectsOf, ttl_s: 3600 };
    setCommand((await body(api.POST("/api/v1/join-tokens", { body: said }))).command);
  };
  return (
    <Dialog title={known === null ? "Let a host join" : `Let ${known.name} join`} onClose={onClose} wide>
      {command === null ? (
        <Form action="Make a token" onDone={() => {}} send={send}>
          {(problem) => (
            <>
              <TextField
                label="Name of the host"
                name="host"
                problem={problem}
                hint="As OVN will know it"
                value={name}
                onChange={setName}
              />
              {known === null ? (
                <ChoiceField
                  label="Serves"
                  name="projects"
                  problem={problem}
                  hint="The project whose workloads it may run; more can be added later"
                  value={project}
                  onChange={setProject}
                  options={projects.map((one) => [one.name, one.name] as const)}
                />
              ) : (
                <p>It serves {known.projects.join(", ") || "no project"}.</p>
              )}
            </>
          )}
        </Form>
      ) : (
        <>
          <p>Run this on the host as root, within an hour; it works once:</p>
          <pre>{command}</pre>
          {navigator.clipboard !== undefined && (
            <p className="actions">
              <button
                type="button"
                onClick={() => void navigator.clipboard.writeText(command).then(() => setCopied(true))}
              >
                {copied ? "Copied" : "Copy"}
              </button>
            </p>
          )}
        </>
      )}
    </Dialog>
  );
}
