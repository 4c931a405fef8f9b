using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning;

/// <summary>Reads the log positions of tenants: the first statement of every batch.</summary>
/// <param name="log">The log.</param>
internal sealed class LogStatement(TenantLog log) : StatementPlan
{
    /// <summary>The log.</summary>
    public TenantLog Log => log;

    /// <summary>Its text is the same for every access path of its root.</summary>
    public override AccessPath AccessOf(RootValues values) => AccessPath.Only;

    protected override CompiledStatement Compile(StatementBuilder statement)
    {
        statement.Parameter(nameof(RootValues.LogTenants), static values => StatementBuilder.Smallints(values.LogTenants));
        return new CompiledStatement(log.Sql, statement.Sources);
    }
}
