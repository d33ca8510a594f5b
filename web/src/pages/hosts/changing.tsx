// A host that is known is changed, or retired for good.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { api, type Host } from "../../api/client";
import { projectsQuery } from "../../api/queries";
import { Dialog, Form, TextField } from "../../parts/form";

interface DialogProps {
  host: Host;
  onClose: () => void;
}

export function ChangeDialog({ host, onClose }: DialogProps) {
  const projects = useQuery(projectsQuery).data ?? [];
  const [description, setDescription] = useState(host.description);
  const [served, setServed] = useState(() => new Set(host.projects));
  const toggle = (name: string) => {
    const next = new Set(served);
    if (!next.delete(name)) next.add(name);
    setServed(next);
  };
  const send = async () => {
    await api.PATCH("/api/v1/hosts/{host}", {
      params: { path: { host: host.name }, header: { "if-match": `"${host.revision}"` } },
      body: { description, projects: [...served] },
    });
  };
  return (
    <Dialog title={`Change host ${host.name}`} onClose={onClose}>
      <Form action="Save" onDone={onClose} send={send}>
        {(problem) => (
          <>
            <TextField
              label="Description"
              name="description"
              problem={problem}
              value={description}
              onChange={setDescription}
            />
            <fieldset className="field">
              <legend>Serves: whose workloads it may run</legend>
              {projects.map((project) => (
                <label key={project.id}>
                  <input
                    type="checkbox"
                    name="projects"
                    checked={served.has(project.name)}
                    onChange={() => toggle(project.name)}
                  />{" "}
                  {project.name}
                </label>
              ))}
              {problem?.field === "projects" && <small className="bad">{problem.message}</small>}
            </fieldset>
          </>
        )}
      </Form>
    </Dialog>
  );
}

/** Retire a host: its credentials and its endpoints go. One that is heard of has to be forced. */
export function RetireDialog({ host, ports, onClose }: DialogProps & { ports: number }) {
  const [, go] = useLocation();
  const [force, setForce] = useState(false);
  const send = async () => {
    await api.POST("/api/v1/hosts/{host}/retire", { params: { path: { host: host.name } }, body: { force } });
  };
  return (
    <Dialog title={`Retire host ${host.name}?`} onClose={onClose}>
      <Form action="Retire" danger send={send} onDone={() => go("/hosts")}>
        {() => (
          <>
            <p>
              Its credentials are good for nothing from then on, and{" "}
              {ports === 1 ? "1 endpoint" : `${ports} endpoints`} of its workloads lose their places. A host
              that still runs leaves by itself, with <code>weft host leave</code>.
            </p>
            {host.status.alive && (
              <p>
                <label>
                  <input
                    type="checkbox"
                    checked={force}
                    onChange={(event) => setForce(event.target.checked)}
                  />{" "}
                  It is alive: retire it all the same. What runs there keeps addresses that others may get.
                </label>
              </p>
            )}
          </>
        )}
      </Form>
    </Dialog>
  );
}
