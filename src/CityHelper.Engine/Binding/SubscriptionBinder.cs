using CityHelper.Engine.Cost;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>A subscription with the values of one request. Immutable.</summary>
/// <param name="Prepared">Plan and variables.</param>
/// <param name="Plan">The subscription.</param>
/// <param name="Tenant">The tenant's key.</param>
internal sealed record BoundSubscription(PreparedOperation Prepared, SubscriptionPlan Plan, short Tenant)
{
    /// <summary>The key of the one row; null for the rows of the tenant.</summary>
    public long? RowKey { get; init; }

    /// <summary>The area; null for everywhere.</summary>
    public Area? Area { get; init; }

    /// <summary>The stored area, whose shape may change.</summary>
    public StoredArea? StoredArea { get; init; }

    /// <summary>The values that columns must have, before or after the change.</summary>
    public IReadOnlyList<LoggedFilter> Where { get; init; } = [];

    /// <summary>Where to go on; null to start here.</summary>
    public LogPosition? After { get; init; }

    /// <summary>The cost, with what binding counted.</summary>
    public CostMetrics Cost { get; init; } = Prepared.Cost;
}

/// <summary>The values that a logged column may have.</summary>
/// <param name="Column">The number of the column.</param>
/// <param name="Values">The values as clients know them; null stands for no value.</param>
internal sealed record LoggedFilter(int Column, IReadOnlySet<string?> Values);

/// <summary>Binds subscriptions.</summary>
/// <param name="context">Lookups.</param>
/// <param name="cursors">Opens the cursors of a log.</param>
internal sealed class SubscriptionBinder(BindingContext context, LogPositionCursors cursors)
{
    /// <summary>Binds a subscription.</summary>
    /// <param name="prepared">Its plan and variables.</param>
    /// <param name="after">A cursor that the transport knows instead of the argument's; null for the argument's.</param>
    /// <param name="cancellation">Cancels lookups.</param>
    public async ValueTask<(BoundSubscription? Bound, RequestError? Refused)> BindAsync(
        PreparedOperation prepared, string? after, CancellationToken cancellation)
    {
        SubscriptionPlan plan = prepared.Plan.Subscription!;
        VariableValues variables = prepared.Variables;
        (BoundSubscription? bound, RequestError? error) = plan.Tenant is { } named
            ? await OfTenantAsync(prepared, plan, named, cancellation)
            : await OfRowAsync(prepared, plan, cancellation);
        if (bound is null)
        {
            return (null, error);
        }

        if ((after ?? plan.After?.Evaluate(variables) as string) is { } text)
        {
            return cursors.Open(bound.Tenant, text) is { } position
                ? (bound with { After = position }, null)
                : (null, new SubscriptionInvalidError(
                    $"`{SubscriptionBinding.AfterArgument}` must be a place in the change log that is read, exactly as it was received."));
        }

        return (bound, null);
    }

    private async ValueTask<(BoundSubscription? Bound, RequestError? Refused)> OfRowAsync(
        PreparedOperation prepared, SubscriptionPlan plan, CancellationToken cancellation)
    {
        EntityMap entity = plan.Binding.Rows.Entity;

        // An ID may be sent as a number, but no global id is a number.
        if (plan.Id!.Evaluate(prepared.Variables) is not string text || entity.ParseId(text) is not { Tenant: { } tenant } id)
        {
            return (null, new IdInvalidError(entity.Name));
        }

        // Nobody will ever follow the log of a tenant that is none: the client must not be told to come back.
        (bool has, RequestError? error) = await context.Lookups.HasTenantAsync(plan.Binding.Tenants, tenant, cancellation);
        return has
            ? (new BoundSubscription(prepared, plan, tenant) { RowKey = id.Row }, null)
            : (null, error ?? new IdInvalidError(entity.Name));
    }

    private async ValueTask<(BoundSubscription? Bound, RequestError? Refused)> OfTenantAsync(
        PreparedOperation prepared, SubscriptionPlan plan, NamedTenant named, CancellationToken cancellation)
    {
        (short tenant, RequestError? error) = await context.Lookups.TenantAsync(named, prepared.Variables, cancellation);
        if (error is not null)
        {
            return (null, error);
        }

        (IReadOnlyList<LoggedFilter>? where, error) = Filters(plan, prepared.Variables);
        if (where is null)
        {
            return (null, error);
        }

        var bound = new BoundSubscription(prepared, plan, tenant) { Where = where };
        return plan.Area is null ? (bound, null) : await WithinAsync(bound, cancellation);
    }

    // Order matters. Cheap checks come before those that read each edge of a polygon.
    private async ValueTask<(BoundSubscription? Bound, RequestError? Refused)> WithinAsync(
        BoundSubscription bound, CancellationToken cancellation)
    {
        var seed = new RootSeed(bound.Prepared.Variables);
        BoundArea found = await new AreaBinder(context.Lookups).BindAsync(bound.Plan.Area, seed, bound.Tenant, cancellation);
        if (found.Error is not null)
        {
            return (null, found.Error);
        }

        Area area = found.Area!;
        if (area.Sent is { NumPoints: > Limits.SubscriptionPositionsMax } sent)
        {
            return (null, new SubscriptionInvalidError(
                $"The polygon has {sent.NumPoints} positions, {Limits.SubscriptionPositionsMax} are allowed in a subscription: "
                    + "send a simpler one, or the id of a stored area."));
        }

        var budget = new GeometryBudget();
        if (await area.CheckShapeAsync(budget, cancellation) is { } invalid)
        {
            return (null, invalid);
        }

        // Each event would be tested by the database, with all positions of the polygon.
        if (area.Sent is not null && area.Points() is null)
        {
            return (null, new SubscriptionInvalidError(
                "The polygon has too many edges at one latitude: send a simpler one, or the id of a stored area."));
        }

        CostMetrics cost = bound.Cost + new CostMetrics(Math.Round(budget.FieldCost, Limits.CostDecimals), 0);
        return (bound with { Area = area, StoredArea = found.Stored, Cost = cost }, null);
    }

    private static (IReadOnlyList<LoggedFilter>? Filters, RequestError? Refused) Filters(SubscriptionPlan plan, VariableValues variables)
    {
        var filters = new List<LoggedFilter>(plan.Where.Count);
        foreach (LoggedCondition condition in plan.Where)
        {
            HashSet<string?>? values = null;
            if (condition.In?.Evaluate(variables) is List<object?> among)
            {
                if (among.Count > Limits.SubscriptionValuesMax)
                {
                    return (null, new SubscriptionInvalidError(
                        $"A list of `where` has {among.Count} values, {Limits.SubscriptionValuesMax} are allowed: send fewer."));
                }

                values = [.. among.Cast<string?>()];
            }

            if (condition.Equal is { } equal)
            {
                var value = (string?)equal.Evaluate(variables);
                values = values?.Contains(value) == false ? [] : [value];
            }

            if (values is not null)
            {
                filters.Add(new LoggedFilter(condition.Column, values));
            }
        }

        return (filters, null);
    }
}
