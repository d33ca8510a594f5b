// One policy: its rules, a draft of other ones, and the plan of that draft before anything is applied.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import type { PlanAsked, Policy } from "../../api/client";
import { groupsQuery, networksQuery, policiesQuery, projectsQuery } from "../../api/queries";
import { Dialog } from "../../parts/form";
import { Icon } from "../../parts/icons";
import { Members } from "../../parts/members";
import { ReceiptLine } from "../../parts/receipt";
import { described } from "../../plans/describe";
import { PlanDialog } from "../../plans/dialog";
import { PlanSheet, planned } from "../../plans/sheet";
import { type Draft, type DraftRule, put } from "./draft";
import { Estimate } from "./estimate";
import { useNotes } from "./notes";
import { RuleForm } from "./ruleform";
import { RuleList } from "./rulelist";
import { SettingsForm } from "./settings";
import { told } from "./target";

interface PolicyViewProps {
  /** The policy as it is, or one to be made, which has no id. */
  policy: Policy;
  mayChange: boolean;
}

type Open = { rule: DraftRule | null } | "settings" | "deletion" | null;

export function PolicyView({ policy, mayChange }: PolicyViewProps) {
  const fresh = policy.id === "";
  const groups = useQuery(groupsQuery(policy.project)).data ?? [];
  const networks = useQuery(networksQuery(policy.project)).data ?? [];
  const projects = useQuery(projectsQuery).data ?? [];
  const client = useQueryClient();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [open, setOpen] = useState<Open>(fresh ? "settings" : null);
  const [revision, setRevision] = useState<number | null>(null);
  const [, go] = useLocation();
  const notes = useNotes(policy);
  const shown = draft ?? policy;
  const known = useMemo(() => new Map(policy.rules.map((rule) => [rule.id, rule])), [policy.rules]);
  const target = groups.find((group) => group.id === shown.target);
  const whom = told(shown, policy.project, groups, networks);
  const project = projects.find((one) => one.id === policy.project_id);
  const asked = (said: Draft): PlanAsked => ({
    text: described(project ?? { name: policy.project, description: "" }, { policies: [said] }),
    ...(!fresh && said.name !== policy.name && { rename_policies: { [policy.id]: said.name } }),
  });
  const change = (changes: Partial<Draft>) => {
    setRevision(null);
    setDraft({ ...shown, ...changes });
    setOpen(null);
  };
  const leave = () => go(`/policies${window.location.search}`);
  const onApplied = async (made: number) => {
    await client.invalidateQueries({ queryKey: ["policies"] });
    if (fresh) {
      const all = await client.fetchQuery(policiesQuery(policy.project));
      return go(`/policies/${all.find((one) => one.name === draft?.name)?.id}${window.location.search}`);
    }
    setDraft(null);
    setRevision(made);
  };
  return (
    <section className="policy">
      <header>
        <h2>{shown.name || "New policy"}</h2>
        {mayChange && (
          <span className="buttons">
            <button type="button" className="primary" onClick={() => setOpen({ rule: null })}>
              <Icon name="plus" /> Rule
            </button>
            <button type="button" onClick={() => setOpen("settings")}>
              Settings
            </button>
            {!fresh && (
              <button type="button" onClick={() => setOpen("deletion")}>
                Delete
              </button>
            )}
          </span>
        )}
      </header>
      <p>
        For {whom}, in tier {shown.tier}, order {shown.order}.{" "}
        {shown.mode !== "enforced" && <b>Not in force ({shown.mode}). </b>}
        {shown.description}{" "}
        {target !== undefined && (
          <small>
            For now it is for <Members group={target} />.
          </small>
        )}{" "}
        {!fresh && <Link href={`/changes?object=${policy.id}`}>What became of it</Link>}
      </p>
      <RuleList
        title={`Rules of ${shown.name || "the new policy"}`}
        project={policy.project}
        rules={shown.rules}
        known={known}
        onChange={mayChange ? (rules) => change({ rules }) : undefined}
        onEdit={(rule) => setOpen({ rule })}
        notes={notes.notes}
      />
      {notes.caveats !== "" && <p className="quiet">{notes.caveats}</p>}
      {policy.mode !== "enforced" && !fresh && draft === null && (
        <Estimate policy={policy} onEnforce={mayChange ? () => change({ mode: "enforced" }) : undefined} />
      )}
      {draft !== null && draft.revision !== policy.revision && (
        <p className="bad" role="alert">
          Somebody has changed this policy since you began (revision {policy.revision}). What you see here
          would replace it; discard your draft to see theirs.
        </p>
      )}
      {draft !== null && draft.name !== "" && project !== undefined && (
        <PlanSheet
          asked={asked(draft)}
          onApplied={onApplied}
          onDiscard={fresh ? leave : () => setDraft(null)}
        />
      )}
      {revision !== null && (
        <p>
          Applied. <ReceiptLine revision={revision} />
        </p>
      )}
      {open === "settings" && (
        <Dialog title={fresh ? "New policy" : `Settings of ${policy.name}`} onClose={() => setOpen(null)}>
          <SettingsForm
            draft={shown}
            check={async (settings) => void (await planned(asked({ ...shown, ...settings, rules: [] })))}
            onDone={change}
          />
        </Dialog>
      )}
      {open !== null && typeof open === "object" && (
        <Dialog
          title={`${open.rule === null ? "Add a rule to" : "Edit a rule of"} ${shown.name || "the new policy"}`}
          onClose={() => setOpen(null)}
          wide
        >
          <RuleForm
            rule={open.rule}
            project={policy.project}
            check={async (rule) =>
              void (await planned(asked({ ...shown, name: shown.name || "new", rules: [rule] })))
            }
            onDone={(rule) => change({ rules: put(shown.rules, rule) })}
          />
        </Dialog>
      )}
      {open === "deletion" && (
        <PlanDialog
          title={`Delete policy ${policy.name}?`}
          asked={{ remove_policies: [policy.id] }}
          onClose={() => setOpen(null)}
          onApplied={leave}
        />
      )}
    </section>
  );
}
