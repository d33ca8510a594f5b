import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Project } from "../api/client";
import { networksQuery, portsQuery, projectsQuery } from "../api/queries";
import { Dialog, Form, TextField } from "../parts/form";
import { Listing } from "../parts/listing";
import { describing } from "../parts/table";

/** Projects: they cannot see or touch each other. */
export default function ProjectsPage() {
  const projects = useQuery(projectsQuery).data ?? [];
  const networks = useQuery(networksQuery()).data ?? [];
  const ports = useQuery(portsQuery()).data ?? [];
  return (
    <Listing<Project>
      title="Projects"
      noun="project"
      rows={projects}
      nameOf={(one) => one.name}
      mayChange
      columns={[
        { header: "Project", accessorKey: "name" },
        {
          header: "Networks",
          accessorFn: (one) => networks.filter((net) => net.project_id === one.id).length,
        },
        {
          header: "Endpoints",
          accessorFn: (one) => ports.filter((port) => port.project_id === one.id).length,
        },
        describing,
      ]}
      empty={<p>There is no project.</p>}
      dialog={(one, onClose) => <ProjectDialog known={one} onClose={onClose} />}
      remove={(one) =>
        api.DELETE("/api/v1/projects/{reference}", { params: { path: { reference: one.id } } })
      }
    />
  );
}

function ProjectDialog({ known, onClose }: { known: Project | null; onClose: () => void }) {
  const [name, setName] = useState(known?.name ?? "");
  const [description, setDescription] = useState(known?.description ?? "");
  const send = async () => {
    const said = { name, description };
    if (known === null) await api.POST("/api/v1/projects", { body: said });
    else {
      await api.PATCH("/api/v1/projects/{reference}", {
        params: { path: { reference: known.id }, header: { "if-match": `"${known.revision}"` } },
        body: said,
      });
    }
  };
  return (
    <Dialog title={known === null ? "New project" : `Change project ${known.name}`} onClose={onClose}>
      <Form action={known === null ? "Create" : "Save"} onDone={onClose} send={send}>
        {(problem) => (
          <>
            <TextField label="Name" name="name" problem={problem} value={name} onChange={setName} />
            <TextField
              label="Description"
              name="description"
              problem={problem}
              value={description}
              onChange={setDescription}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}
