package io.raftkv.meta;

/**
 * Commands and replies of the metadata group as bytes.
 *
 * <pre>
 *   command  format:1  kind:1  fields
 *   reply    format:1  outcome:1  version  text
 * </pre>
 *
 * Numbers are unsigned LEB128; texts are UTF-8 and lead with their length, lists with their count.
 * Numbers of kinds are never reused. A golden test pins the layout.
 */
public final class MetaCodec {
  private static final int FORMAT = 1;

  private static final int BOOTSTRAP = 1;
  private static final int REGISTER_NODE = 2;
  private static final int SET_NODE_STATE = 3;
  private static final int START_JOB = 4;
  private static final int ADVANCE_JOB = 5;
  private static final int CANCEL_JOB = 6;
  private static final int JOIN_NODE = 7;
  private static final int RESUME_NODE = 8;
  private static final int SET_METADATA_VOTERS = 12;
  private static final int SET_BALANCING = 16;

  private MetaCodec() {}

  /** The payload of a log entry. */
  public static byte[] encode(MetaCommand command) {
    ByteWriter out = new ByteWriter().u8(FORMAT);
    if (command instanceof MetaCommand.Bootstrap bootstrap) {
      out.u8(BOOTSTRAP)
          .text(bootstrap.clusterId())
          .list(bootstrap.nodes(), Parts::write)
          .list(bootstrap.shards(), Parts::write)
          .list(bootstrap.metadataVoters(), ByteWriter::text);
    } else if (command instanceof MetaCommand.RegisterNode register) {
      out.u8(REGISTER_NODE);
      Parts.write(out, register.node());
    } else if (command instanceof MetaCommand.SetNodeState set) {
      out.u8(SET_NODE_STATE).text(set.nodeId());
      Parts.write(out, set.expected());
      out.coded(set.next()).text(set.reason());
    } else if (command instanceof MetaCommand.StartJob start) {
      out.u8(START_JOB);
      Parts.write(out, start.plan());
      out.list(start.edits(), Parts::write);
    } else if (command instanceof MetaCommand.AdvanceJob advance) {
      encode(out, advance);
    } else if (command instanceof MetaCommand.CancelJob cancel) {
      out.u8(CANCEL_JOB).text(cancel.jobId());
    } else if (command instanceof MetaCommand.JoinNode join) {
      out.u8(JOIN_NODE);
      Parts.write(out, join.node());
    } else if (command instanceof MetaCommand.ResumeNode resume) {
      out.u8(RESUME_NODE).text(resume.nodeId());
    } else if (command instanceof MetaCommand.SetMetadataVoters set) {
      out.u8(SET_METADATA_VOTERS)
          .list(set.expected(), ByteWriter::text)
          .list(set.next(), ByteWriter::text);
    } else if (command instanceof MetaCommand.SetBalancing set) {
      out.u8(SET_BALANCING).coded(set.next());
    } else {
      throw new IllegalStateException("no bytes for " + command.getClass());
    }
    return out.toBytes();
  }

  private static void encode(ByteWriter out, MetaCommand.AdvanceJob advance) {
    out.u8(ADVANCE_JOB).text(advance.jobId());
    Parts.write(out, advance.seen());
    Parts.write(out, advance.next().place());
    out.number(advance.next().bytesDone())
        .number(advance.next().bytesTotal())
        .text(advance.next().note());
    Parts.write(out, advance.arguments());
    out.list(advance.edits(), Parts::write);
  }

  /**
   * Inverse of {@link #encode(MetaCommand)}.
   *
   * @throws MetaFormatException if the bytes are damaged or of a newer release
   */
  public static MetaCommand decode(byte[] bytes) {
    return ByteReader.read(bytes, "metadata command", FORMAT, MetaCodec::command);
  }

  private static MetaCommand command(ByteReader in) {
    int kind = in.u8();
    return switch (kind) {
      case BOOTSTRAP ->
          new MetaCommand.Bootstrap(
              in.text(),
              in.list(Parts::nodeSpec),
              in.list(Parts::shardSpec),
              in.list(ByteReader::text));
      case REGISTER_NODE -> new MetaCommand.RegisterNode(Parts.nodeSpec(in));
      case SET_NODE_STATE ->
          new MetaCommand.SetNodeState(
              in.text(), Parts.optionalNodeState(in), in.coded(NodeState.values()), in.text());
      case START_JOB -> new MetaCommand.StartJob(Parts.plan(in), in.list(Parts::edit));
      case ADVANCE_JOB ->
          new MetaCommand.AdvanceJob(
              in.text(),
              Parts.place(in),
              new MetaCommand.AdvanceJob.Progress(
                  Parts.place(in), in.number(), in.number(), in.text()),
              Parts.arguments(in),
              in.list(Parts::edit));
      case CANCEL_JOB -> new MetaCommand.CancelJob(in.text());
      case JOIN_NODE -> new MetaCommand.JoinNode(Parts.nodeSpec(in));
      case RESUME_NODE -> new MetaCommand.ResumeNode(in.text());
      case SET_METADATA_VOTERS ->
          new MetaCommand.SetMetadataVoters(in.list(ByteReader::text), in.list(ByteReader::text));
      case SET_BALANCING -> new MetaCommand.SetBalancing(in.coded(Balancing.values()));
      default -> throw in.unknown("kind", kind);
    };
  }

  /** The reply as it travels to whoever proposed the command. */
  public static byte[] encode(MetaReply reply) {
    return new ByteWriter()
        .u8(FORMAT)
        .coded(reply.outcome())
        .number(reply.version())
        .text(reply.text())
        .toBytes();
  }

  /**
   * Inverse of {@link #encode(MetaReply)}.
   *
   * @throws MetaFormatException if the bytes are damaged or of a newer release
   */
  public static MetaReply decodeReply(byte[] bytes) {
    return ByteReader.read(
        bytes,
        "metadata reply",
        FORMAT,
        in -> new MetaReply(in.coded(MetaReply.Outcome.values()), in.number(), in.text()));
  }
}
