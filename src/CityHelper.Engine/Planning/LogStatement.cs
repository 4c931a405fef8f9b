using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning;

/// <summary>
/// Reads the log positions of tenants: the first statement of a batch in which any root shows one, for all of its roots. A root that shows
/// one has it beside its own statements, because only a batch knows which of its roots is first.
/// </summary>
/// <param name="log">The log.</param>
internal sealed class LogStatement(TenantLog log) : StatementPlan
{
    /// <summary>The statement that these statements need before them; null where none of them shows a position.</summary>
    public static LogStatement? Before(IEnumerable<StatementPlan> statements) =>
        statements.Select(statement => statement.Log).FirstOrDefault(log => log is not null) is { } log ? new LogStatement(log) : null;

    /// <summary>Its text is the same for every access path of its root.</summary>
    public override AccessPath AccessOf(RootValues values) => AccessPath.Only;

    protected override CompiledStatement Compile(StatementBuilder statement)
    {
        statement.Parameter(nameof(RootValues.LogTenants), static values => StatementBuilder.Smallints(values.LogTenants));
        return new CompiledStatement(log.Sql, statement.Sources);
    }
}
