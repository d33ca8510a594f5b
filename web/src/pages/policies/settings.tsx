// What a policy says beside its rules; the server reads it before it joins the draft.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../../api/client";
import { groupsQuery, networksQuery, policiesQuery, useSession } from "../../api/queries";
import { ChoiceField, Form, TextField } from "../../parts/form";
import { Members } from "../../parts/members";
import { atPolicy, type Target } from "../../plans/describe";
import type { Draft } from "./draft";
import { read, written, zonesOf } from "./target";
import { TIERS } from "./tiers";

export type Settings = Pick<Draft, "name" | "description" | "tier" | "order" | "mode" | keyof Target>;

interface SettingsFormProps {
  draft: Draft;
  /** Throws the server's Problem with settings that it would refuse. */
  check: (settings: Settings) => Promise<void>;
  onDone: (settings: Settings) => void;
}

export function SettingsForm({ draft, check, onDone }: SettingsFormProps) {
  const groups = useQuery(groupsQuery(draft.project)).data ?? [];
  const networks = useQuery(networksQuery(draft.project)).data ?? [];
  const policies = useQuery(policiesQuery(draft.project)).data ?? [];
  const isAdmin = useSession()?.role === "admin";
  const [said, setSaid] = useState<Settings>(draft);
  const [order, setOrder] = useState(String(draft.order));
  const change = (changes: Partial<Settings>) => setSaid((old) => ({ ...old, ...changes }));
  const { name, description, tier, target, target_network, target_zone, mode } = said;
  const settings = (): Settings => ({
    name: name.trim(),
    description,
    tier,
    target,
    target_network,
    target_zone,
    mode,
    order: numbered(order),
  });
  const send = async () => {
    // A description that names a policy which is there would change that one.
    if (policies.some((one) => one.name === name.trim() && one.id !== draft.id)) {
      throw new Problem(0, "name_taken", `There is a policy ${name.trim()} already.`, "name");
    }
    try {
      await check(settings());
    } catch (error) {
      throw error instanceof Problem ? atPolicy(error) : error;
    }
  };
  return (
    <Form action="Keep in the draft" send={send} check={send} onDone={() => onDone(settings())}>
      {(problem) => (
        <>
          <TextField
            label="Name"
            name="name"
            problem={problem}
            value={name}
            onChange={(value) => change({ name: value })}
          />
          <TextField
            label="Description"
            name="description"
            problem={problem}
            value={description}
            onChange={(value) => change({ description: value })}
          />
          <ChoiceField
            label="For"
            name="target"
            problem={problem}
            value={written(said)}
            onChange={(value) => change(read(value))}
            hint={<Members group={groups.find((one) => one.id === target)} />}
            options={[
              ["", "every endpoint of the project"],
              ...groups.map((one) => [`group:${one.id}`, `group ${one.name}`] as const),
              ...networks.map((one) => [`network:${one.id}`, `network ${one.name}`] as const),
              ...zonesOf(networks, said).map((one) => [`zone:${one}`, `zone ${one}`] as const),
            ]}
          />
          <ChoiceField
            label="Tier"
            name="tier"
            problem={problem}
            hint="admin is read before project, project before baseline"
            value={tier}
            onChange={(value) => change({ tier: value as Draft["tier"] })}
            options={TIERS.filter((one) => isAdmin || one !== "admin").map((one) => [one, one] as const)}
          />
          <TextField
            label="Order"
            name="order"
            problem={problem}
            hint="Within the tier the lowest is read first"
            value={order}
            onChange={setOrder}
          />
          <ChoiceField
            label="Mode"
            name="mode"
            problem={problem}
            hint="Only an enforced policy decides; of one in audit it is told what it would have decided"
            value={mode}
            onChange={(value) => change({ mode: value as Draft["mode"] })}
            options={(["enforced", "draft", "audit"] as const).map((one) => [one, one] as const)}
          />
        </>
      )}
    </Form>
  );
}

/** A Problem at its field where it is no whole number. */
function numbered(order: string): number {
  if (!/^-?\d{1,10}$/.test(order.trim())) {
    throw new Problem(0, "invalid", `An order is a whole number, not “${order}”.`, "order");
  }
  return Number(order);
}
