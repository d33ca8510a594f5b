// A new policy: it has no rule yet, so nothing changes for anybody.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { api, type Policy, revised } from "../../api/client";
import { groupsQuery } from "../../api/queries";
import { Dialog, Field, Form } from "../../parts/form";
import { TIERS } from "./tiers";

export function CreateDialog({ project, onClose }: { project: string | undefined; onClose: () => void }) {
  const groups = useQuery(groupsQuery(project)).data ?? [];
  const [name, setName] = useState("");
  const [target, setTarget] = useState("");
  const [tier, setTier] = useState<Policy["tier"]>("project");
  const [, go] = useLocation();
  const send = async () => {
    const said = { project, name, tier, order: 1000, target: target === "" ? null : target };
    const made = await revised(api.POST("/api/v1/policies", { body: said }));
    go(`/policies/${made.body.id}${window.location.search}`);
  };
  return (
    <Dialog title="New policy" onClose={onClose}>
      <Form action="Create" onDone={onClose} send={send}>
        {(problem) => (
          <>
            <Field label="Name" name="name" problem={problem}>
              {(attributes) => (
                <input {...attributes} value={name} onChange={(event) => setName(event.target.value)} />
              )}
            </Field>
            <Field label="For" name="target" problem={problem}>
              {(attributes) => (
                <select {...attributes} value={target} onChange={(event) => setTarget(event.target.value)}>
                  <option value="">every endpoint of the project</option>
                  {groups.map((group) => (
                    <option key={group.id} value={group.id}>
                      group {group.name}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <Field
              label="Tier"
              name="tier"
              problem={problem}
              hint="admin is read before project, project before baseline"
            >
              {(attributes) => (
                <select
                  {...attributes}
                  value={tier}
                  onChange={(event) => setTier(event.target.value as Policy["tier"])}
                >
                  {TIERS.map((one) => (
                    <option key={one}>{one}</option>
                  ))}
                </select>
              )}
            </Field>
          </>
        )}
      </Form>
    </Dialog>
  );
}
