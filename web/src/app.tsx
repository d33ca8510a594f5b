// The shell: who is looking, which project, where to go, and whether what is shown is live.

import { useQuery } from "@tanstack/react-query";
import { createContext, lazy, Suspense, useContext, useEffect } from "react";
import { Link, Redirect, Route, Switch, useLocation, useSearchParams } from "wouter";
import { api, type Session } from "./api/client";
import { type News, useNews } from "./api/live";
import { projectsQuery, sessionQuery } from "./api/queries";
import { EndpointsPage } from "./pages/endpoints";
import { LoginPage } from "./pages/login";
import { Icon, type IconName } from "./parts/icons";
import { ReceiptLine } from "./parts/receipt";

// The map and the policy editor bring large libraries along: they come when they are asked for.
const loadMap = () => import("./pages/map");
const MapPage = lazy(loadMap);
const PoliciesPage = lazy(() => import("./pages/policies"));
const EndpointPage = lazy(() => import("./pages/endpoint"));
const NetworksPage = lazy(() => import("./pages/networks"));
const RoutersPage = lazy(() => import("./pages/routers"));
const GroupsPage = lazy(() => import("./pages/groups"));
const AddressGroupsPage = lazy(() => import("./pages/addresses"));
const InvariantsPage = lazy(() => import("./pages/invariants"));
const LintPage = lazy(() => import("./pages/lint"));
const AttachRulesPage = lazy(() => import("./pages/attaching"));
const TokensPage = lazy(() => import("./pages/tokens"));
const QosPage = lazy(() => import("./pages/qos"));
const HostsPage = lazy(() => import("./pages/hosts"));
const ProjectsPage = lazy(() => import("./pages/projects"));
const ChangesPage = lazy(() => import("./pages/changes"));
const RevisionPage = lazy(() => import("./pages/changes/revision"));
const ThenPage = lazy(() => import("./pages/changes/then"));

// Who comes for the map does not wait for it until it is known who that is.
if (["/", "/map"].includes(window.location.pathname)) void loadMap();

const NewsContext = createContext<News>({ line: "connecting", revision: 0, changes: [] });

/** The newest changes, and whether the line to the server stands. */
export const useNewsHere = () => useContext(NewsContext);

/** The project that the page is about: in the address, so that it can be bookmarked; undefined is all. */
export function useProject(): string | undefined {
  const [search] = useSearchParams();
  return search.get("project") ?? undefined;
}

/** Decide between the login and the pages. */
export function App() {
  const session = useQuery(sessionQuery);
  if (session.isPending) return <main className="alone" aria-busy="true" />;
  if (session.data === undefined) return <LoginPage />;
  return <Pages session={session.data} />;
}

function Pages({ session }: { session: Session }) {
  const news = useNews();
  return (
    <NewsContext value={news}>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <div className="shell">
        <Header session={session} />
        <Navigation session={session} />
        <main id="content" tabIndex={-1}>
          <Suspense fallback={<p className="quiet">One moment…</p>}>
            {news.line !== "connecting" && <Places />}
          </Suspense>
        </main>
        <footer>
          <LineState news={news} />
          {news.revision > 0 && <ReceiptLine revision={news.revision} />}
        </footer>
      </div>
    </NewsContext>
  );
}

/** The page that the address names. */
function Places() {
  return (
    <Switch>
      <Route path="/">
        <Redirect to="/map" />
      </Route>
      <Route path="/map" component={MapPage} />
      <Route path="/endpoints" component={EndpointsPage} />
      <Route path="/endpoints/:id">{({ id }) => <EndpointPage id={id} />}</Route>
      <Route path="/networks" component={NetworksPage} />
      <Route path="/routers" component={RoutersPage} />
      <Route path="/groups" component={GroupsPage} />
      <Route path="/policies/:id?">{({ id }) => <PoliciesPage id={id} />}</Route>
      <Route path="/qos" component={QosPage} />
      <Route path="/address-groups" component={AddressGroupsPage} />
      <Route path="/invariants" component={InvariantsPage} />
      <Route path="/lint" component={LintPage} />
      <Route path="/attach-rules" component={AttachRulesPage} />
      <Route path="/hosts/:name?">{({ name }) => <HostsPage name={name} />}</Route>
      <Route path="/tokens" component={TokensPage} />
      <Route path="/projects" component={ProjectsPage} />
      <Route path="/changes" component={ChangesPage} />
      <Route path="/changes/at/:moment">{({ moment }) => <ThenPage key={moment} moment={moment} />}</Route>
      <Route path="/changes/:revision">
        {({ revision }) => <RevisionPage key={revision} revision={Number(revision)} />}
      </Route>
      <Route>
        <h1>There is no such page</h1>
        <p>
          <Link href="/map">To the map</Link>
        </p>
      </Route>
    </Switch>
  );
}

const PLACES: { to: string; title: string; icon: IconName; adminOnly?: boolean }[] = [
  { to: "/map", title: "Map", icon: "map" },
  { to: "/endpoints", title: "Endpoints (ports)", icon: "container" },
  { to: "/networks", title: "Networks", icon: "network" },
  { to: "/routers", title: "Routers", icon: "router" },
  { to: "/policies", title: "Policies", icon: "policy" },
  { to: "/invariants", title: "Invariants", icon: "lock" },
  { to: "/lint", title: "Lint", icon: "lint" },
  { to: "/groups", title: "Groups", icon: "group" },
  { to: "/address-groups", title: "Address groups", icon: "outside" },
  { to: "/attach-rules", title: "Attach rules", icon: "plug" },
  { to: "/qos", title: "QoS", icon: "gauge" },
  { to: "/hosts", title: "Hosts", icon: "host", adminOnly: true },
  { to: "/projects", title: "Projects", icon: "project", adminOnly: true },
  { to: "/tokens", title: "Tokens", icon: "key", adminOnly: true },
  { to: "/changes", title: "Changes", icon: "clock" },
];

function Navigation({ session }: { session: Session }) {
  const [here] = useLocation();
  const project = useProject();
  const keep = project === undefined ? "" : `?project=${encodeURIComponent(project)}`;
  const shown = PLACES.filter((place) => !place.adminOnly || session.role === "admin");
  useEffect(() => {
    const place = PLACES.find((one) => here.startsWith(one.to));
    document.title = place === undefined ? "Weft" : `${place.title} · Weft`;
    // On a phone the places are a row that scrolls: the one that is open is in sight.
    document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [here]);
  return (
    <nav aria-label="Pages">
      {shown.map((place) => (
        <Link
          key={place.to}
          href={place.to + keep}
          aria-current={here.startsWith(place.to) ? "page" : undefined}
        >
          <Icon name={place.icon} />
          <span>{place.title}</span>
        </Link>
      ))}
    </nav>
  );
}

function Header({ session }: { session: Session }) {
  const projects = useQuery(projectsQuery).data ?? [];
  const [search, setSearch] = useSearchParams();
  const logOut = async () => {
    await api.DELETE("/api/v1/session");
    window.location.reload(); // nothing of what was shown stays in memory
  };
  return (
    <header>
      <Link href="/map" className="brand">
        <img src="/weft.svg" alt="" width="24" height="24" /> Weft
      </Link>
      <label className="project">
        <span>Project</span>
        <select
          value={search.get("project") ?? ""}
          onChange={(event) =>
            setSearch((old) => {
              const next = new URLSearchParams(old);
              if (event.target.value === "") next.delete("project");
              else next.set("project", event.target.value);
              return next;
            })
          }
        >
          {session.role === "admin" && <option value="">all projects</option>}
          {projects.map((project) => (
            <option key={project.id} value={project.name}>
              {project.name}
            </option>
          ))}
        </select>
      </label>
      <span className="who">
        {session.name} ({session.role})
      </span>
      <button type="button" onClick={logOut}>
        Log out
      </button>
    </header>
  );
}

function LineState({ news }: { news: News }) {
  const words = { connecting: "connecting…", live: "live", lost: "connection lost, trying again…" };
  return (
    <span className={`line ${news.line}`} role="status">
      {words[news.line]}
    </span>
  );
}
