using System.Globalization;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Nearby;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>Binds a page of the rows around a point.</summary>
/// <param name="plan">The page.</param>
/// <param name="context">Keys, statistics, lookups.</param>
internal sealed class NearbyBinder(NearbyPlan plan, BindingContext context)
{
    private readonly RowAccess _access = plan.Question.Rows.Access;

    public async ValueTask<BoundRoot> BindAsync(RootSeed seed, GeometryBudget budget, CancellationToken cancellation)
    {
        (int pageRows, RequestError? error) = plan.Arguments.Page(seed.Variables, mustBeGiven: false);
        short tenant = 0;
        if (error is null)
        {
            (tenant, error) = await context.Lookups.TenantAsync(plan.Tenant, seed.Variables, cancellation);
        }

        if (error is not null)
        {
            return RootBinder.Refused(plan, seed, error);
        }

        var filter = new BoundFilter(plan.Filter, seed.Variables, tenant, context);
        error = CheckCircle(seed.Variables) ?? filter.Check() ?? CheckIndexes(seed.Variables, filter);
        CursorSigner? cursors = error is null && (plan.NeedsCursors || plan.Question.HasAfter) ? Signer(tenant, seed.Variables) : null;
        KeysetPosition? after = null;
        if (error is null)
        {
            (after, _, error) = plan.Arguments.Positions(cursors, seed.Variables);
        }

        if ((error ?? await filter.CheckShapesAsync(area: null, budget, cancellation)) is { } refused)
        {
            return RootBinder.Refused(plan, seed, refused);
        }

        // The covering estimates the number of rows, and names the answer's tags; the rows are found by distance.
        CellCovering covering = CellCovering.Of(plan.Question.CircleOf(seed.Variables), _access.Grid!.Zooms);
        var values = new RootValues(seed.Variables)
        {
            Tenant = tenant,
            PageRows = pageRows,
            After = after,
            Keys = new KeyRanges(filter.Keys, NearbyQuestion.Order, After: null, Before: null),
        };
        AccessPath access = new NearbyChooser(plan.Question, plan.Filter).Choose(values, covering, filter.Known);
        return new BoundRoot(plan, values with { Access = access }) { Cursors = cursors, Cells = covering.Known };
    }

    private RequestError? CheckCircle(VariableValues variables)
    {
        if (plan.Question.Position.Check(variables, plan.Arguments.Coordinate) is { } error)
        {
            return error;
        }

        return plan.Question.MetresOf(variables) is > 0 and <= Limits.NearbyMetresMax
            ? null
            : new DistanceInvalidError(NearbyBinding.MetresArgument, Limits.NearbyMetresMax, plan.Arguments.Coordinate);
    }

    private RequestError? CheckIndexes(VariableValues variables, BoundFilter filter) =>
        plan.Question.MetresOf(variables) <= Limits.NearbyScanMetresMax
            ? null
            : filter.CheckIndexes(
                estimation =>
                    CellCovering.Of(plan.Question.CircleOf(variables), _access.Grid!.Zooms) is { Level: >= 0 } covering
                        ? estimation.ShareOf(covering, _access.Grid!.Levels[covering.Level].Column)
                        : 1,
                plan.Arguments.Coordinate,
                $"a `{NearbyBinding.MetresArgument}` of at most {Limits.NearbyScanMetresMax.ToString(CultureInfo.InvariantCulture)}");

    private CursorSigner Signer(short tenant, VariableValues variables)
    {
        (double longitude, double latitude) = plan.Question.Position.Of(variables);
        string circle = string.Create(CultureInfo.InvariantCulture, $"|{longitude:R} {latitude:R} {plan.Question.MetresOf(variables):R}");
        return new CursorSigner(context.CursorKeys, plan.Arguments.Question(tenant, NearbyQuestion.Order, variables) + circle);
    }
}
