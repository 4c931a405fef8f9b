using System.Diagnostics;
using System.Text.Json;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Database;
using CityHelper.Engine.Loading;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Nearby;
using CityHelper.Engine.Pricing;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Execution;

/// <summary>Runs an operation: its plan, the request's values, one batch, one answer.</summary>
public sealed class OperationExecutor
{
    private readonly Planner _planner;
    private readonly BatchRunner _batches;
    private readonly IntrospectionRunner _introspection;
    private readonly PlanCache _plans;
    private readonly AdmissionControl _admission;
    private readonly SuspendedShapes _suspended;
    private readonly BackendRegister _backends;
    private readonly ILogger _logger;

    internal OperationExecutor(
        Planner planner,
        BatchRunner batches,
        IntrospectionRunner introspection,
        PlanCache plans,
        AdmissionControl admission,
        SuspendedShapes suspended,
        BackendRegister backends,
        ILogger<OperationExecutor> logger)
    {
        _suspended = suspended;
        _backends = backends;
        _planner = planner;
        _batches = batches;
        _introspection = introspection;
        _plans = plans;
        _admission = admission;
        _logger = logger;
    }

    /// <summary>Runs a query.</summary>
    /// <param name="operation">A compiled operation.</param>
    /// <param name="variables">The request's JSON object of variables; undefined when it sent none.</param>
    /// <param name="options">What it may cost, and what the answer is to tell beside its data.</param>
    /// <param name="cancellation">Ends the batch in PostgreSQL too.</param>
    /// <returns>The answer; errors of the client's making are in it.</returns>
    /// <remarks>
    /// (1) coerce the variables   (2) take the plan for their shape, compiled once   (3) refuse what costs too much, and what there is no room for now   (4) bind each
    /// root's values, or refuse the root   (5) send all statements in one batch and read them   (6) assemble the answer
    /// </remarks>
    public async Task<OperationResult> ExecuteAsync(
        Operation operation, JsonElement variables, RunOptions options, CancellationToken cancellation)
    {
        (PreparedOperation? prepared, RequestError? refusal) = Prepare(operation, variables, options.Limit, options.Memory);   // (1)-(3)
        if (prepared is null)
        {
            return OperationResult.Refused(options.SuggestsNames ? refusal! : EngineErrors.WithoutSuggestion(refusal!));
        }

        using (prepared)
        {
            if (options.Report == CostReport.Validate)
            {
                return OperationResult.Priced(prepared.Price, options.Memory);
            }

            // Before anything is bound: binding looks up cities, calendars and areas in the database.
            (AdmissionLease? lease, OverloadedError? overloaded) = await _admission.AdmitAsync(prepared.Request(options), cancellation);
            if (lease is null)
            {
                return OperationResult.Refused(overloaded!);
            }

            try
            {
                await BindAsync(prepared, operation, cancellation);                                                           // (4)
                prepared.Shape = new ExecutionShape(operation.Id, operation.Name ?? operation.Id, prepared.Values.Shape, FormsOf(prepared.Runs));
                if ((prepared.AddCountedCost(options.Limit) ?? _suspended.Check(prepared.Shape)) is { } refused)
                {
                    return OperationResult.Refused(refused);
                }

                return await RunAsync(prepared, options, cancellation);
            }
            catch (ResponseRefusedException cause)
            {
                // It was read all the same, and so it is paid for.
                OperationResult unread = OperationResult.Refused(cause.Error);
                unread.Price = prepared.Price;
                return unread;
            }
            finally
            {
                if (!_backends.TryHold(prepared.Shape, lease))
                {
                    lease.Dispose();
                }
            }
        }
    }

    private async Task<OperationResult> RunAsync(PreparedOperation prepared, RunOptions options, CancellationToken cancellation)
    {
        BatchUsage usage = await _batches.RunAsync(prepared.Runs, prepared.Shape, cancellation);                                          // (5)
        await LoadNodesAsync(prepared, explanations: null, cancellation);
        OperationResult result = Assemble(prepared.Plan, prepared.Runs, options.Memory);                                        // (6)
        result.Price = prepared.Price;
        result.Forms = options.TellForms ? FormsOf(prepared.Runs) : null;
        if (options.Report == CostReport.Report)
        {
            usage += prepared.Nodes?.Usage ?? default;
            int bytes = result.Json.Length;
            result.With("operationCost", prepared.Price);
            result.With("cost", new { usage.Statements, usage.Rows, bytes, databaseMs = Math.Round(usage.Time.TotalMilliseconds, 3) });
        }

        return result;
    }

    /// <summary>Why an operation would be refused with these variables before anything is read, or null.</summary>
    internal RequestError? Check(Operation operation, JsonElement variables, PriceLimit? limit)
    {
        (PreparedOperation? prepared, RequestError? refusal) = Prepare(operation, variables, limit, MemoryLease.Uncounted);
        prepared?.Dispose();
        return refusal;
    }

    /// <summary>How PostgreSQL runs the statements of an operation: <c>EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)</c> of each, in order.</summary>
    /// <exception cref="InvalidOperationException">The operation was refused with these variables; the message is the client's.</exception>
    public async Task<IReadOnlyList<StatementExplanation>> ExplainAsync(Operation operation, JsonElement variables, CancellationToken cancellation)
    {
        (IReadOnlyList<StatementExplanation> statements, IReadOnlyList<RequestError> refusals) = await TryExplainAsync(operation, variables, cancellation);
        return refusals is [var refusal, ..] ? throw new InvalidOperationException(refusal.Message) : statements;
    }

    /// <summary>As <see cref="ExplainAsync"/>, with what is refused as values: fields that are not refused are explained beside them.</summary>
    /// <exception cref="Npgsql.NpgsqlException">A statement fails, or takes longer than one may.</exception>
    public async Task<(IReadOnlyList<StatementExplanation> Statements, IReadOnlyList<RequestError> Refusals)> TryExplainAsync(
        Operation operation, JsonElement variables, CancellationToken cancellation)
    {
        (PreparedOperation? prepared, RequestError? refusal) = Prepare(operation, variables, limit: null, MemoryLease.Uncounted);
        if (prepared is null)
        {
            return ([], [refusal!]);
        }

        using (prepared)
        {
            (AdmissionLease? lease, OverloadedError? overloaded) = await _admission.AdmitAsync(prepared.Request(RunOptions.Default), cancellation);
            if (lease is null)
            {
                return ([], [overloaded!]);
            }

            using AdmissionLease admitted = lease;
            await BindAsync(prepared, operation, cancellation);
            List<StatementExplanation> nodes = [];
            await LoadNodesAsync(prepared, nodes, cancellation);
            RequestError[] refusals = [.. prepared.Runs.SelectMany(run => run.All).SelectMany(ErrorsOf)];
            return ([.. await _batches.ExplainAsync(prepared.Runs, cancellation), .. nodes], refusals);
        }
    }

    private static IEnumerable<RequestError> ErrorsOf(RootRun run) =>
        run.Nested.Select(nested => nested.Error).Concat(run.AskedNodes.Select(asked => asked.Error)).Prepend(run.Error).OfType<RequestError>();

    private (PreparedOperation? Prepared, RequestError? Refusal) Prepare(Operation operation, JsonElement variables, PriceLimit? limit, MemoryLease memory)
    {
        (VariableValues? values, RequestError? error) = VariableValues.Coerce(operation.Variables, variables);
        if (values is null)
        {
            return (null, error);
        }

        OperationPlan plan;
        try
        {
            plan = _plans.GetOrAdd(operation, values.Shape, () => Compile(operation, values));
        }
        catch (PlanException cause)
        {
            return (null, cause.Error);
        }
        catch (InputException cause)
        {
            return (null, cause.Error ?? new LiteralInvalidError(cause.Message));
        }

        Price price = plan.Price.Of(values);
        return limit?.Check(price) is { } tooDear ? (null, tooDear) : (new PreparedOperation(plan, values, price, memory), null);
    }

    private OperationPlan Compile(Operation operation, VariableValues values)
    {
        using Activity? activity = EngineTelemetry.Source.StartActivity("GraphQL Operation Planning");
        activity?.SetTag(EngineTelemetry.OperationType, AnsweredOperation.TypeOf(operation));
        long start = Stopwatch.GetTimestamp();
        OperationPlan plan = _planner.Compile(operation, values);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        EngineTelemetry.PlanDuration.Record(took.TotalSeconds);
        LogMessages.PlanCompiled(_logger, operation.Name ?? operation.Id, values.Shape, took.TotalMilliseconds);
        return plan;
    }

    private async Task BindAsync(PreparedOperation prepared, Operation operation, CancellationToken cancellation)
    {
        OperationPlan plan = prepared.Plan;
        MetaAnswer meta = plan.MetaFields.Count > 0
            ? await _introspection.RunAsync(operation, plan.MetaFields, prepared.Values, prepared.Memory, cancellation)
            : MetaAnswer.None;
        for (int i = 0; i < prepared.Runs.Length; i++)
        {
            prepared.Runs[i].Meta = meta;
            await _batches.BindAsync(prepared.Runs[i], cancellation);
        }
    }

    // All ids of the operation are known once its roots are bound, so one call of the loader answers them all.
    private async Task LoadNodesAsync(PreparedOperation prepared, List<StatementExplanation>? explanations, CancellationToken cancellation)
    {
        RootRun[] runs = [.. prepared.Runs.Where(r => r.Plan is NodePlan && r.Error is null)];
        if (runs.Length == 0)
        {
            return;
        }

        prepared.Nodes = new NodeLoader(prepared.Values, _batches, prepared.Memory, prepared.Plan.Life.Token)
        {
            Explanations = explanations,
            Shape = prepared.Shape,
        };
        BatchLoader<NodeKey, NodeRow> loader = prepared.Nodes.Create();
        foreach (RootRun run in runs)
        {
            ((NodePlan)run.Plan).Ask(run, loader);
        }

        await loader.DispatchAsync(cancellation);
        foreach (RootRun run in runs)
        {
            await NodePlan.TakeAsync(run, cancellation);
        }
    }

    private static OperationResult Assemble(OperationPlan plan, RootRun[] runs, MemoryLease memory)
    {
        var json = new JsonBuffer(memory);
        List<FieldError> errors = [];
        json.WriteRaw("{\"data\":"u8);
        int data = json.Length;
        json.WriteByte((byte)'{');
        for (int i = 0; i < runs.Length; i++)
        {
            if (i > 0)
            {
                json.WriteByte((byte)',');
            }

            if (!TryWriteRoot(plan.Roots[i].Field, runs[i], json, errors))
            {
                // A non-null root is null: so is all of data (spec 6.4.4).
                json.CutBackTo(data);
                json.WriteNull();
                return OperationResult.Executed(json, data, errors, plan.Cache);
            }
        }

        json.WriteByte((byte)'}');
        return OperationResult.Executed(json, data, errors, plan.Cache);
    }

    private static string FormsOf(IEnumerable<RootRun> runs) => string.Join(", ", runs
        .SelectMany(r => r.All)
        .Where(r => r.Plan is ConnectionPlan or NearbyPlan && r.Error is null && !r.IsAbsent)
        .Select(r => $"{r.Plan.Field.ResponseName}={r.Access}{r.Keys.WindowText}"));

    private static bool TryWriteRoot(FieldWriter field, RootRun run, JsonBuffer data, List<FieldError> errors)
    {
        if (run.Error is null)
        {
            return field.TryWrite(new WriteContext(run) { Json = data, Errors = errors });
        }

        errors.Add(new FieldError(run.Error, [field.ResponseName]));
        data.WriteRaw(field.NameUtf8);
        data.WriteNull();
        return !field.NonNull;
    }
}

/// <summary>A plan and the values of one request, ready to run.</summary>
internal sealed class PreparedOperation(OperationPlan plan, VariableValues values, Price price, MemoryLease memory) : IDisposable
{
    /// <summary>What it costs with these values.</summary>
    public Price Price { get; private set; } = price;

    /// <summary>Adds what was counted when its roots were bound.</summary>
    /// <param name="limit">What it may cost.</param>
    /// <returns>Why it may not run; null when it may, or when nothing was counted.</returns>
    public RequestError? AddCountedCost(PriceLimit? limit)
    {
        double counted = 0;
        foreach (RootRun run in Runs)
        {
            counted += run.CountedCostInAll;
        }

        if (counted == 0)
        {
            return null;
        }

        Price += new Price(Math.Round(counted, Limits.CostDecimals), 0);
        return limit?.Check(Price);
    }

    public OperationPlan Plan { get; } = plan;

    public VariableValues Values { get; } = values;

    /// <summary>Where the bytes of its answer are counted.</summary>
    public MemoryLease Memory { get; } = memory;

    /// <summary>One per root of the plan.</summary>
    public RootRun[] Runs { get; } = [.. plan.Roots.Select(root => new RootRun(values, root, memory, plan.Life.Token))];

    /// <summary>What it asks of admission.</summary>
    public AdmissionRequest Request(RunOptions options) => new(options.Share, Price.FieldCost, Plan.AddsUp, options.IsPublished);

    /// <summary>What it has in common with others that run the same statements; null until it is bound.</summary>
    public ExecutionShape? Shape { get; set; }

    /// <summary>What loaded the rows of <c>node</c> and <c>nodes</c>; null without them.</summary>
    public NodeLoader? Nodes { get; set; }

    public void Dispose()
    {
        Nodes?.Dispose();
        foreach (RootRun run in Runs)
        {
            run.Dispose();
        }
    }
}
