// The plan of one change in a dialog.

import type { ReactNode } from "react";
import type { PlanAsked } from "../api/client";
import { Dialog } from "../parts/form";
import { PlanSheet } from "./sheet";

interface PlanDialogProps {
  /** The change; null while it is not known yet what it is. */
  asked: PlanAsked | null;
  title?: string;
  children?: ReactNode;
  onClose: () => void;
  onApplied: (revision: number) => Promise<void> | void;
}

export function PlanDialog({ asked, title, children, onClose, onApplied }: PlanDialogProps) {
  return (
    <Dialog title={title ?? "A change, before it is made"} onClose={onClose} wide>
      {children}
      {asked === null ? (
        <p className="quiet">One moment…</p>
      ) : (
        <PlanSheet asked={asked} onApplied={onApplied} onDiscard={onClose} />
      )}
    </Dialog>
  );
}
