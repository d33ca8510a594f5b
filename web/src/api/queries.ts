// What the pages read, each under the key that live news makes stale.

import { queryOptions, useQuery } from "@tanstack/react-query";
import { all, api, body } from "./client";

const LIMIT = 1000;

/** The query of one page of a list in a project. */
const asked = (project: string | undefined, cursor: string | undefined) => ({
  params: { query: { limit: LIMIT, cursor, project } },
});

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => body(api.GET("/api/v1/session")),
  retry: false,
});

export const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: () =>
    all((cursor) => body(api.GET("/api/v1/projects", { params: { query: { limit: LIMIT, cursor } } }))),
});

export const networksQuery = (project?: string) =>
  queryOptions({
    queryKey: ["networks", project],
    queryFn: () => all((cursor) => body(api.GET("/api/v1/networks", asked(project, cursor)))),
  });

export const routersQuery = (project?: string) =>
  queryOptions({
    queryKey: ["routers", project],
    queryFn: () => all((cursor) => body(api.GET("/api/v1/routers", asked(project, cursor)))),
  });

export const portsQuery = (project?: string) =>
  queryOptions({
    queryKey: ["ports", project],
    queryFn: ({ signal }) =>
      all((cursor) => body(api.GET("/api/v1/ports", { ...asked(project, cursor), signal })), signal),
  });

/** The ports whose labels a selector means; refused selectors are errors with the server's words. */
export const selectedQuery = (selector: string, project?: string) =>
  queryOptions({
    queryKey: ["ports", "selected", selector, project],
    queryFn: () =>
      all((cursor) =>
        body(api.GET("/api/v1/ports", { params: { query: { limit: LIMIT, cursor, project, selector } } })),
      ),
    enabled: selector !== "",
    retry: false,
  });

export const groupsQuery = (project?: string) =>
  queryOptions({
    queryKey: ["groups", project],
    queryFn: () => all((cursor) => body(api.GET("/api/v1/groups", asked(project, cursor)))),
  });

export const addressGroupsQuery = (project?: string) =>
  queryOptions({
    queryKey: ["address-groups", project],
    queryFn: () => all((cursor) => body(api.GET("/api/v1/address-groups", asked(project, cursor)))),
  });

export const policiesQuery = (project?: string) =>
  queryOptions({
    queryKey: ["policies", project],
    queryFn: () => all((cursor) => body(api.GET("/api/v1/policies", asked(project, cursor)))),
  });

export const qosQuery = (project?: string) =>
  queryOptions({
    queryKey: ["qos-policies", project],
    queryFn: () => all((cursor) => body(api.GET("/api/v1/qos-policies", asked(project, cursor)))),
  });

/** Whether they hold follows from everything else: news of any change makes them stale. */
export const invariantsQuery = (project?: string) =>
  queryOptions({
    queryKey: ["invariants", project],
    queryFn: () => all((cursor) => body(api.GET("/api/v1/invariants", asked(project, cursor)))),
  });

export const attachRulesQuery = (project?: string) =>
  queryOptions({
    queryKey: ["attach-rules", project],
    queryFn: () => all((cursor) => body(api.GET("/api/v1/attach-rules", asked(project, cursor)))),
  });

export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: async () => (await body(api.GET("/api/v1/tokens"))).items,
});

export const hostsQuery = queryOptions({
  queryKey: ["hosts"],
  queryFn: () =>
    all((cursor) => body(api.GET("/api/v1/hosts", { params: { query: { limit: LIMIT, cursor } } }))),
});

export const portQuery = (id: string) =>
  queryOptions({
    queryKey: ["ports", "one", id],
    queryFn: () => body(api.GET("/api/v1/ports/{reference}", { params: { path: { reference: id } } })),
  });

export const receiptQuery = (revision: number) =>
  queryOptions({
    queryKey: ["receipt", revision],
    queryFn: () =>
      body(api.GET("/api/v1/receipts/{revision}", { params: { path: { revision }, query: { wait_s: 5 } } })),
    refetchInterval: (query) => (query.state.data?.enforced ? false : 500),
  });

/** Who is looking; undefined while nobody is logged in. */
export const useSession = () => useQuery(sessionQuery).data;
