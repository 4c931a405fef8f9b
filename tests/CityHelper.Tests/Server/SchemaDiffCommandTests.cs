using CityHelper.Engine.Clients;
using CityHelper.Server.Commands;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CityHelper.Tests.Server;

/// <summary><c>cityhelper schema diff</c> as a user runs it.</summary>
public sealed class SchemaDiffCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cityhelper-diff-").FullName;

    private static string Checked => Repository.PathOf("schema", "schema.graphql");

    private static int Operations =>
        OperationManifest.Read(Repository.PathOf("persisted-queries", OperationManifest.FileName)).Operations.Count;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_checked_in_schema_is_this_programs() => Assert.Equal(
        (0, $"0 breaking, 0 dangerous, 0 safe; 0 of {Operations} persisted operations do not validate\n", ""),
        await RunAsync(Checked));

    [Fact]
    public async Task What_breaks_is_told_with_the_operations_that_it_breaks()
    {
        string changed = (await File.ReadAllTextAsync(Checked)).Replace(
            "  postalCode: String\n", "  zipCode: String\n", StringComparison.Ordinal);
        (int code, string output, string error) = await RunAsync(Checked, Written(changed));
        Assert.Equal((1, ""), (code, error));
        Assert.Contains("breaking   ServiceRequest.postalCode was removed (FIELD_REMOVED)\n", output, StringComparison.Ordinal);
        Assert.Contains("safe       ServiceRequest.zipCode was added (FIELD_ADDED)\n", output, StringComparison.Ordinal);
        Assert.Contains("invalid    web/ServiceRequestDetail: (", output, StringComparison.Ordinal);
        Assert.Contains("Cannot query field 'postalCode' on type 'ServiceRequest'.", output, StringComparison.Ordinal);
        Assert.Matches($@"\n1 breaking, 0 dangerous, 1 safe; [1-9]\d* of {Operations} persisted operations do not validate\n$", output);
    }

    [Fact]
    public async Task What_is_only_added_does_not_fail()
    {
        string changed = (await File.ReadAllTextAsync(Checked)) + "\n\"More.\"\nscalar More\n";
        Assert.Equal(
            (
                0,
                $"safe       More was added (TYPE_ADDED)\n0 breaking, 0 dangerous, 1 safe; 0 of {Operations} persisted operations do not "
                    + "validate\n",
                ""),
            await RunAsync(Checked, Written(changed)));
        Assert.Equal(1, (await RunAsync(Written(changed), "-")).Code);
    }

    [Theory]
    [InlineData("no schema", "is no schema: ")]
    [InlineData("type Query { a: Unheard }", "is no schema that could be served: ")]
    [InlineData("type Query { a: Int } input Query { a: Int }", "defines Query twice.")]
    public async Task What_cannot_be_compared_is_one_sentence(string sdl, string message)
    {
        (int code, string output, string error) = await RunAsync(Checked, Written(sdl));
        Assert.Equal((1, ""), (code, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    private string Written(string sdl)
    {
        string file = Path.Combine(_folder, "new.graphql");
        File.WriteAllText(file, sdl);
        return file;
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] files)
    {
        using StringWriter output = new() { NewLine = "\n" };
        using StringWriter error = new() { NewLine = "\n" };
        var host = new CommandHost { Configuration = new ConfigurationBuilder().Build(), Output = output, Error = error };
        int code = await CommandLine.RunAsync(["schema", "diff", .. files, "--operations", Repository.PathOf("persisted-queries")], host);
        return (code, output.ToString(), error.ToString());
    }
}
