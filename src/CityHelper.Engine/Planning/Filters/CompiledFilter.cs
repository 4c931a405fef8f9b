using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>A filter, compiled once to learn its conditions and the checks of its values.</summary>
internal sealed class CompiledFilter
{
    /// <exception cref="PlanException">The filter is larger than the limits allow.</exception>
    public CompiledFilter(ConnectionRows rows, InputNode? filter)
    {
        Rows = rows;
        Node = filter;
        var statement = new StatementBuilder(AccessPath.Only);
        Conditions = new FilterCompiler(statement, rows.Access).Compile(rows.Filter, filter);
        Checks = statement.Checks;
        Comparisons = statement.Comparisons;
        Unserved = IndexSupport.Unserved(rows.Access, rows.Filter, filter);
        RowByRow = IndexSupport.RowByRow(rows.Access, rows.Filter, filter);
        Universes = [.. rows.Access.Values.Select(v => ValueUniverse.Of(rows.Access, rows.Row, v.Column))];
    }

    /// <summary>The rows that it filters.</summary>
    public ConnectionRows Rows { get; }

    /// <summary>The value of <c>where</c>, or null.</summary>
    public InputNode? Node { get; }

    /// <summary>Its conditions. Their SQL uses parameters of no statement; each statement compiles its own.</summary>
    public IReadOnlyList<Condition> Conditions { get; }

    /// <summary>Whether it names the rows that pass, so that they are few and found by their keys.</summary>
    public bool NamesRows => Conditions.Any(c => c.NamesRows);

    /// <summary>The cheap checks of a request's values.</summary>
    public IReadOnlyList<ValueCheck> Checks { get; }

    /// <summary>The geometries that rows are compared with.</summary>
    public IReadOnlyList<SpatialComparison> Comparisons { get; }

    /// <summary>The fields that no index serves.</summary>
    public IReadOnlyList<string> Unserved { get; }

    /// <summary>The fields that are tested row by row.</summary>
    public IReadOnlyList<string> RowByRow { get; }

    /// <summary>The values that each indexed column may have.</summary>
    public IReadOnlyList<ValueUniverse> Universes { get; }
}
