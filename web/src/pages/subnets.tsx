// The subnets of a network: they are added and removed one by one, while the network stays.

import { useState } from "react";
import { api, type Network, Problem } from "../api/client";
import { Dialog, Form, TextField } from "../parts/form";

interface SubnetsProps {
  network: Network;
  onClose: () => void;
}

export function SubnetsDialog({ network, onClose }: SubnetsProps) {
  return (
    <Dialog title={`Subnets of network ${network.name}`} onClose={onClose}>
      {network.subnets.length === 0 && <p className="quiet">It has none: its endpoints get no address.</p>}
      <ul className="subnets">
        {network.subnets.map((subnet) => (
          <Listed key={subnet.id} subnet={subnet} />
        ))}
      </ul>
      <NewSubnet network={network} />
    </Dialog>
  );
}

function Listed({ subnet }: { subnet: Network["subnets"][number] }) {
  const [problem, setProblem] = useState<string | null>(null);
  const remove = async () => {
    try {
      await api.DELETE("/api/v1/subnets/{reference}", { params: { path: { reference: subnet.id } } });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error.message);
    }
  };
  return (
    <li>
      <code>{subnet.cidr}</code> <span className="quiet">gateway {subnet.gateway}</span>{" "}
      <button type="button" onClick={remove}>
        Remove<span className="hidden"> {subnet.cidr}</span>
      </button>
      {problem !== null && (
        <p className="bad" role="alert">
          {problem}
        </p>
      )}
    </li>
  );
}

function NewSubnet({ network }: { network: Network }) {
  const [cidr, setCidr] = useState("");
  const [gateway, setGateway] = useState("");
  const send = async () => {
    const said = gateway.trim() === "" ? {} : { gateway: gateway.trim() };
    await api.POST("/api/v1/subnets", {
      body: { network: network.id, cidr: cidr.trim(), dhcp: true, ...said },
    });
  };
  const clear = () => {
    setCidr("");
    setGateway("");
  };
  return (
    <Form action="Add" send={send} onDone={clear}>
      {(problem) => (
        <>
          <TextField
            label="Prefix"
            name="cidr"
            problem={problem}
            hint="Like 192.168.201.0/24 or fd00:1::/64"
            value={cidr}
            onChange={setCidr}
          />
          <TextField
            label="Gateway"
            name="gateway"
            problem={problem}
            hint="Empty is the first address"
            value={gateway}
            onChange={setGateway}
          />
        </>
      )}
    </Form>
  );
}
