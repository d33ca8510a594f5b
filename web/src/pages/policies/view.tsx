// One policy: its rules, a draft of other ones, and the plan of that draft before anything is applied.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { api, type Policy } from "../../api/client";
import { groupsQuery, projectsQuery } from "../../api/queries";
import { DeleteDialog, Dialog } from "../../parts/form";
import { Icon } from "../../parts/icons";
import { ReceiptLine } from "../../parts/receipt";
import { described } from "../../plans/describe";
import { PlanSheet, planned } from "../../plans/sheet";
import { type Draft, type DraftRule, put } from "./draft";
import { useNotes } from "./notes";
import { RuleForm } from "./ruleform";
import { RuleList } from "./rulelist";

export function PolicyView({ policy, mayChange }: { policy: Policy; mayChange: boolean }) {
  const groups = useQuery(groupsQuery(policy.project)).data ?? [];
  const projects = useQuery(projectsQuery).data ?? [];
  const client = useQueryClient();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [editing, setEditing] = useState<DraftRule | "new" | null>(null);
  const [leaving, setLeaving] = useState(false);
  const [revision, setRevision] = useState<number | null>(null);
  const [, go] = useLocation();
  const told = useNotes(policy);
  const shown = draft ?? policy;
  const known = useMemo(() => new Map(policy.rules.map((rule) => [rule.id, rule])), [policy.rules]);
  const target = groups.find((group) => group.id === shown.target);
  const project = projects.find((one) => one.id === policy.project_id);
  const text = (said: Draft) =>
    described(project ?? { name: policy.project, description: "" }, { policies: [said] });
  const change = (changes: Partial<Draft>) => {
    setRevision(null);
    setDraft({ ...shown, ...changes });
  };
  const onApplied = async (made: number) => {
    await client.invalidateQueries({ queryKey: ["policies"] });
    setDraft(null);
    setRevision(made);
  };
  return (
    <section className="policy">
      <header>
        <h2>{policy.name}</h2>
        {mayChange && (
          <span className="buttons">
            <button type="button" className="primary" onClick={() => setEditing("new")}>
              <Icon name="plus" /> Rule
            </button>
            <button type="button" onClick={() => setLeaving(true)}>
              Delete
            </button>
          </span>
        )}
      </header>
      <p>
        For{" "}
        {target === undefined
          ? "every endpoint of the project"
          : `group ${target.name} (${target.members.length} endpoints)`}
        , in tier {policy.tier}. {policy.description}{" "}
        <Link href={`/changes?object=${policy.id}`}>What became of it</Link>
      </p>
      <RuleList
        title={`Rules of ${policy.name}`}
        project={policy.project}
        rules={shown.rules}
        known={known}
        onChange={mayChange ? (rules) => change({ rules }) : undefined}
        onEdit={setEditing}
        notes={told.notes}
      />
      {told.caveats !== "" && <p className="quiet">{told.caveats}</p>}
      {draft !== null && draft.revision !== policy.revision && (
        <p className="bad" role="alert">
          Somebody has changed this policy since you began (revision {policy.revision}). What you see here
          would replace it; discard your draft to see theirs.
        </p>
      )}
      {draft !== null && project !== undefined && (
        <PlanSheet asked={{ text: text(draft) }} onApplied={onApplied} onDiscard={() => setDraft(null)} />
      )}
      {revision !== null && (
        <p>
          Applied. <ReceiptLine revision={revision} />
        </p>
      )}
      {editing !== null && (
        <Dialog
          title={editing === "new" ? `Add a rule to ${policy.name}` : `Edit a rule of ${policy.name}`}
          onClose={() => setEditing(null)}
          wide
        >
          <RuleForm
            rule={editing === "new" ? null : editing}
            project={policy.project}
            check={async (rule) => {
              await planned({ text: text({ ...shown, rules: [rule] }) });
            }}
            onDone={(rule) => {
              change({ rules: put(shown.rules, rule) });
              setEditing(null);
            }}
          />
        </Dialog>
      )}
      {leaving && (
        <DeleteDialog
          what={`policy ${policy.name}`}
          onClose={() => setLeaving(false)}
          send={async () => {
            await api.DELETE("/api/v1/policies/{reference}", {
              params: { path: { reference: policy.id }, header: { "if-match": `"${policy.revision}"` } },
            });
            go("/policies");
          }}
        />
      )}
    </section>
  );
}
