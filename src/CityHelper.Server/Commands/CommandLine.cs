using System.CommandLine;

namespace CityHelper.Server.Commands;

/// <summary>The verbs of the <c>cityhelper</c> program.</summary>
public static class CommandLine
{
    public static RootCommand Build() => new("CityHelper: service requests (311) of many cities over GraphQL.")
    {
        ServeCommand.Create(),
        SchemaCommand.Create(),
        OperationsCommand.Create(),
    };
}
