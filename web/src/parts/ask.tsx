// Who can reach this, and why not: the question that a map is for.

import { keepPreviousData, queryOptions, skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useSearchParams } from "wouter";
import { api, body, type Explanation, type Port, Problem, type Question } from "../api/client";
import { portsQuery } from "../api/queries";
import { Remedies } from "../plans/remedies";
import { Form } from "./form";

const PORTED = ["tcp", "udp", "sctp"] as const;
type Protocol = (typeof PORTED)[number] | "icmp" | "icmpv6";

/** What `tcp/443`, `icmp` and the like mean to the API; a Problem when it is none of them. */
export function trafficIn(text: string): { protocol: Protocol; port?: number } {
  const [protocol, port] = text.trim().toLowerCase().split("/");
  if ((protocol === "icmp" || protocol === "icmpv6") && port === undefined) return { protocol };
  const number = Number(port);
  if (PORTED.includes(protocol as never) && Number.isInteger(number) && number > 0 && number < 65536) {
    return { protocol: protocol as Protocol, port: number };
  }
  throw new Problem(
    0,
    "invalid",
    `Write the service like tcp/443, udp/53 or icmp, not “${text}”.`,
    "traffic",
  );
}

/** The answer to a question, anew whenever the model moves. */
const explainQuery = (question: Question | null) =>
  queryOptions({
    queryKey: ["reach", "explained", question],
    queryFn: question === null ? skipToken : () => body(api.POST("/api/v1/explain", { body: question })),
    retry: false,
    placeholderData: keepPreviousData,
  });

interface AskProps {
  port: Port;
  /** How deep the heading is among those of the page. */
  heading?: "h2" | "h3";
  /** The other one, when it is known already: then the question is asked at once. */
  other?: Port | undefined;
}

/** Ask whether `port` reaches another endpoint, or the other way round. The service is in the address. */
export function Ask({ port, other: first, heading: Heading = "h3" }: AskProps) {
  const others = useQuery(portsQuery(port.project)).data ?? [];
  const [search, setSearch] = useSearchParams();
  const [other, setOther] = useState(first?.name ?? "");
  const [service, setService] = useState(search.get("service") ?? "tcp/80");
  const [outward, setOutward] = useState(true);
  const [question, setQuestion] = useState<Question | null>(() =>
    first === undefined ? null : said({ port: first.id }, service),
  );
  const client = useQueryClient();
  const answer = useQuery(explainQuery(question));
  const names = useId();
  function said(there: Question["source"], traffic: string): Question | null {
    const here = { port: port.id };
    try {
      return {
        project: port.project,
        source: outward ? here : there,
        destination: outward ? there : here,
        traffic: trafficIn(traffic),
        remedies: true,
      };
    } catch (error) {
      if (error instanceof Problem) return null; // what stands in the address is no service
      throw error;
    }
  }
  const send = async () => {
    trafficIn(service);
    const known = first?.name === other ? first : others.find((one) => one.name === other);
    const there =
      known !== undefined
        ? { port: known.id }
        : /^[0-9a-f.:]+$/i.test(other)
          ? { address: other }
          : { port: other };
    const asked = said(there, service);
    setQuestion(null);
    await client.fetchQuery({ ...explainQuery(asked), staleTime: 0 });
    setQuestion(asked);
    setSearch(
      (old) => {
        const next = new URLSearchParams(old);
        next.set("service", service.trim());
        return next;
      },
      { replace: true },
    );
  };
  return (
    <section className="ask">
      <Heading>Ask: who reaches whom?</Heading>
      <Form action="Explain" send={send} onDone={() => {}}>
        {() => (
          <>
            <p className="question">
              <select
                aria-label="Direction"
                value={outward ? "to" : "from"}
                onChange={(event) => setOutward(event.target.value === "to")}
              >
                <option value="to">may it reach</option>
                <option value="from">may it be reached by</option>
              </select>
              <input
                aria-label="The other endpoint, by name or address"
                placeholder="endpoint or address"
                list={names}
                value={other}
                onChange={(event) => setOther(event.target.value)}
              />
              <span>on</span>
              <input
                aria-label="Service"
                value={service}
                onChange={(event) => setService(event.target.value)}
              />
            </p>
            <datalist id={names}>
              {others
                .filter((one) => one.id !== port.id)
                .map((one) => (
                  <option key={one.id} value={one.name}>
                    {one.network}
                  </option>
                ))}
            </datalist>
          </>
        )}
      </Form>
      {question !== null && answer.isLoading && <p className="quiet">One moment…</p>}
      {question !== null && answer.error !== null && (
        <p className="bad" role="alert">
          {answer.error.message}
        </p>
      )}
      {question !== null && answer.data !== undefined && (
        <>
          <Answer answer={answer.data} />
          <Remedies answer={answer.data} port={port} />
        </>
      )}
    </section>
  );
}

function Answer({ answer }: { answer: Explanation }) {
  const told = [...new Set(answer.verdicts.map((verdict) => verdict.sentences.join(" ")))];
  return (
    <div role="status" className={answer.passes ? "verdict good" : "verdict bad"}>
      {told.map((sentences) => (
        <p key={sentences}>{sentences}</p>
      ))}
    </div>
  );
}
