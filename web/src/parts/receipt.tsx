// What became of a revision, in a sentence.

import { useQuery } from "@tanstack/react-query";
import type { Receipt } from "../api/client";
import { receiptQuery } from "../api/queries";

/** The receipt in words: in OVN after x ms, enforced on n of n hosts after y ms, waiting for host z. */
export function receiptSentence(receipt: Receipt): string {
  const { hosts } = receipt;
  if (!receipt.applied) return `revision ${receipt.revision}: on its way to OVN`;
  const applied = `revision ${receipt.revision}: in OVN after ${receipt.applied_after_ms} ms`;
  if (receipt.enforced && hosts.total === 0) return `${applied}; nothing was plugged on any host`;
  if (receipt.enforced) {
    const after = receipt.enforced_after_ms === null ? "" : ` after ${receipt.enforced_after_ms} ms`;
    return `${applied}, enforced on ${hosts.done} of ${hosts.total} hosts${after}`;
  }
  return `${applied}, enforced on ${hosts.done} of ${hosts.total} hosts, waiting for ${hosts.waiting.join(", ")}`;
}

export function ReceiptLine({ revision }: { revision: number }) {
  const receipt = useQuery(receiptQuery(revision)).data;
  return (
    <span role="status" className={receipt?.enforced ? "good" : undefined}>
      {receipt === undefined ? `revision ${revision}` : receiptSentence(receipt)}
      {receipt?.problems.map((problem) => (
        <span key={problem} className="bad">
          {" "}
          {problem}
        </span>
      ))}
    </span>
  );
}
